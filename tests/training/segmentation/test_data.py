import pytest
import torch

from partly.training.segmentation.labelled_pictures import (
    ArrayPictures,
    BatchOrder,
    SomePictures,
    hold_out,
    resized,
    to_images,
)


def test_every_picture_is_seen_once_in_each_round():
    order = BatchOrder(10, 4, seed=0)
    seen = [i for step in range(5) for i in order.indexes(step)]
    assert sorted(seen[:10]) == sorted(seen[10:]) == list(range(10))
    assert seen[:10] != seen[10:]


def test_the_order_depends_on_seed_and_step_only():
    straight = BatchOrder(7, 3, seed=5)
    expected = [straight.indexes(step) for step in range(9)]
    assert BatchOrder(7, 3, seed=5).indexes(8) == expected[8]
    assert BatchOrder(7, 3, seed=6).indexes(8) != expected[8]


def test_more_pictures_in_a_step_than_there_are():
    assert sorted(BatchOrder(2, 6, seed=0).indexes(0)) == [0, 0, 0, 1, 1, 1]


def test_held_out_pictures_are_not_trained_on(pictures):
    training, held_out = hold_out(pictures, 5, seed=1)
    assert (len(training), len(held_out)) == (19, 5)
    assert set(training.indexes).isdisjoint(held_out.indexes)
    assert hold_out(pictures, 5, seed=1)[1].indexes == held_out.indexes
    assert hold_out(pictures, 5, seed=2)[1].indexes != held_out.indexes


def test_some_pictures_are_read_by_their_place(pictures):
    images, logits, weights = SomePictures(pictures, (7, 3)).read([1, 0])
    assert torch.equal(images, pictures.images[[3, 7]])
    assert torch.equal(logits, pictures.logits[[3, 7]])
    assert weights.tolist() == [1, 1]


def test_weights_of_pictures(pictures):
    weighted = ArrayPictures(pictures.images, pictures.logits, torch.arange(24.0))
    assert weighted.read([2, 5])[2].tolist() == pytest.approx([2, 5])


def test_sizes_of_pictures():
    maps = torch.rand(1, 2, 12, 12)
    assert resized(maps, 12) is maps
    assert torch.allclose(resized(maps, 4)[0, 0, 0, 0], maps[0, 0, :3, :3].mean())
    assert resized(maps, 5).shape == resized(maps, 20)[..., :5, :5].shape == (1, 2, 5, 5)
    assert to_images(torch.tensor([0, 255], dtype=torch.uint8)).tolist() == [-1, 1]
