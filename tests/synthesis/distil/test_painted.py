import numpy as np
import pytest
import torch

from partly.data.labels.annotation import Annotation
from partly.data.labels.part_sets import UNLABELLED
from partly.errors import BadLabel
from partly.synthesis.distil.painted_pictures import WithPainted, painted_pictures
from partly.synthesis.shards.synthesis_config import SynthesisConfig
from partly.training.segmentation.labelled_pictures import ArrayPictures
from tests.fakes import thing_annotation, tiny_generator

SIZES = SynthesisConfig(2, size_px=64, label_px=32)


def numbered(first, n):
    """Pictures that are known by their one number."""
    numbers = torch.arange(first, first + n)
    images = numbers.view(n, 1, 1, 1).expand(n, 3, 4, 4).to(torch.uint8)
    return ArrayPictures(images, numbers.view(n, 1, 1, 1).expand(n, 2, 2, 2).half(), numbers.float())


@pytest.mark.parametrize(("share", "n_copies"), [(0.5, 6), (0.25, 2), (0.01, 1)])
def test_copies_make_the_share(share, n_copies):
    mixed = WithPainted(numbered(0, 6), numbered(100, 2), share)
    assert len(mixed) == 6 + n_copies


def test_pictures_come_in_the_order_asked_for():
    mixed = WithPainted(numbered(0, 6), numbered(100, 2), 0.5)
    for asked, expected in [
        ([7, 0, 6, 5, 9], [101, 0, 100, 5, 101]),
        ([3, 1], [3, 1]),
        ([11, 6], [101, 100]),
    ]:
        images, logits, weights = mixed.read(asked)
        assert images.dtype == torch.uint8
        assert images[:, 0, 0, 0].tolist() == expected
        assert logits[:, 0, 0, 0].tolist() == expected
        assert weights.tolist() == expected


def test_what_is_painted_becomes_shares_of_each_pixel(generator):
    made = thing_annotation(generator, 0)
    label_map = np.zeros((64, 64), np.uint8)
    label_map[:, 1::2] = 1  # half of every pixel of 32 px
    label_map[:2] = UNLABELLED
    label_map[2:4] = 1
    annotation = Annotation(made.id, label_map, made.w, made.generator_digest)
    found = painted_pictures(generator, [annotation, made], 2, SIZES)
    assert found.images.shape == (2, 3, 64, 64)
    assert found.images.dtype == torch.uint8
    shares = found.logits.softmax(1)[0, 1]
    torch.testing.assert_close(shares[0], torch.full((32,), 0.5))
    torch.testing.assert_close(shares[1], torch.ones(32))
    torch.testing.assert_close(shares[2:], torch.full((30, 32), 0.5))


def test_pictures_of_another_generator_are_refused(generator):
    with pytest.raises(BadLabel, match="generator"):
        painted_pictures(tiny_generator(5), [thing_annotation(generator, 0)], 2, SIZES)
