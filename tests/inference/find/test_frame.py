"""Frames, against pictures that were turned by hand."""

import numpy as np
import pytest
from PIL import Image

from partly.inference.find import Frame, seen_in


@pytest.fixture
def picture():
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    return np.stack(
        [np.tile(ramp, (64, 1)), np.tile(ramp[:, None], (1, 64)), np.full((64, 64), 90, np.uint8)], -1
    )


def test_the_whole_photo_is_its_own_frame(picture):
    seen = seen_in(picture, Frame(32, 32, 64), 64)
    assert np.abs(seen.astype(int) - picture).max() <= 1


@pytest.mark.parametrize("angle", [90, 180, -90])
def test_a_turned_object_is_shown_upright(picture, angle):
    turned = np.asarray(Image.fromarray(picture).rotate(angle))
    seen = seen_in(turned, Frame(32, 32, 64, angle), 64)
    assert np.abs(seen.astype(int) - picture).max() <= 2


def test_a_small_object_elsewhere(picture):
    photo = np.full((300, 400, 3), 7, np.uint8)
    photo[200:264, 300:364] = picture
    assert np.abs(seen_in(photo, Frame(332, 232, 64), 64).astype(int) - picture).max() <= 1


def test_beyond_the_photo_its_edges_repeat(picture):
    seen = seen_in(picture, Frame(0, 32, 64), 64)
    assert (seen[8:-8, :31, 0] == 0).all()
    assert np.abs(seen[:, 33:63].astype(int) - picture[:, 1:31]).max() <= 5


def test_shrinking_takes_means(picture):
    rng = np.random.default_rng(0)
    noisy = rng.integers(0, 256, (512, 512, 3), dtype=np.uint8)
    assert seen_in(noisy, Frame(256, 256, 512), 32).std() < 12  # one pixel in 256 each would keep 74


def test_corners_turn_with_the_object():
    upper_left = Frame(50, 50, 20, 90).corners()[0]  # a quarter counter-clockwise: it is at the lower left
    assert upper_left == pytest.approx((40, 60))
