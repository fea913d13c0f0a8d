from dataclasses import replace

import pytest
import torch

from partly.training.augment.segmentation.augmentation import Augmentation
from partly.training.segmentation.augmented_batches import augmented_batches
from partly.training.segmentation.auto_shot_config import AutoShotConfig, Stage
from partly.training.segmentation.labelled_pictures import (
    ArrayPictures,
    BatchOrder,
    SomePictures,
    asks_for_something,
    hold_out,
    resized,
    to_images,
)
from partly.training.segmentation.teacher_agreement import part_frequencies


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


def test_even_labels_ask_for_nothing():
    logits = torch.zeros(2, 3, 4, 4)
    logits[0, 1, :, :2] = 5.0
    logits[1] = torch.rand(1, 4, 4).expand(3, 4, 4)  # even, whatever the number
    known = asks_for_something(logits)
    assert known.shape == (2, 1, 4, 4)
    assert known[0, 0, :, :2].all()
    assert not known[0, 0, :, 2:].any()
    assert not known[1].any()
    assert torch.equal(asks_for_something(logits.softmax(1)), known)
    # Of what is labelled, eight of fourteen pixels are part 1, however many are not labelled.
    logits[0, 2, :3, 2:] = 5.0
    pictures = ArrayPictures(torch.zeros(2, 3, 4, 4, dtype=torch.uint8), 10 * logits)
    expected = torch.tensor([0.0, 8 / 14, 6 / 14])
    torch.testing.assert_close(part_frequencies(pictures), expected, atol=1e-3, rtol=0)


def test_nothing_is_learned_where_labels_are_even():
    logits = torch.zeros(8, 2, 32, 32)
    logits[:, 1, :, :16] = 9.0
    pictures = ArrayPictures(torch.zeros(8, 3, 32, 32, dtype=torch.uint8), logits)
    still = replace(Augmentation(), flip_probability=0.0, geometry_probability=0.0)
    config = AutoShotConfig(n_steps=1, stages=(Stage(1.0, 32),), augmentation=still)
    (batch,) = augmented_batches(pictures, config, (0, 1), 0)
    assert (batch.mask[..., 16:] == 0).all()
    assert batch.mask[..., :16].mean() > 0.5
