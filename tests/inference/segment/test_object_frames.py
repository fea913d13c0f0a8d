"""Frames of objects over a photo."""

from __future__ import annotations

import numpy as np
import pytest

from partly.inference.find import Frame
from partly.inference.segment.object_frames import with_frames
from partly.inference.segment.segmentation import FoundObject


def drawn(*frames: Frame, ground: int = 128, height: int = 200, width: int = 300) -> np.ndarray:
    pixels = np.full((height, width, 3), ground, np.uint8)
    objects = [FoundObject(n, frame, (0, 0, 1, 1), 0.5, ()) for n, frame in enumerate(frames, 1)]
    return with_frames(pixels, objects).astype(int)


@pytest.mark.parametrize("ground", [0, 128, 255])
def test_a_frame_is_a_light_line_between_dark_ones_on_any_ground(ground: int) -> None:
    picture = drawn(Frame(150, 100, 120), ground=ground)
    across = picture[100, 205:216, 0]  # the right side, at 210
    assert across.max() == 255
    assert across.min() == 0
    assert (picture[100, 100:200] == ground).all()  # nothing within
    assert (picture[20] == ground).all()


def test_a_turned_frame_runs_through_its_corners() -> None:
    frame = Frame(150, 100, 100, 30)
    changed = (drawn(frame) != 128).any(axis=2)
    for x, y in frame.corners():
        assert changed[round(y) - 3 : round(y) + 4, round(x) - 3 : round(x) + 4].any()
    x, y = frame.to_photo(0, 50)  # half of the lower side
    assert changed[round(y), round(x)]
    # The side that is up is thicker.
    across = [frame.to_photo(0, down) for down in np.arange(-60, -40, 0.5)]
    below = [frame.to_photo(0, down) for down in np.arange(40, 60, 0.5)]
    assert sum(changed[round(y), round(x)] for x, y in across) > sum(
        changed[round(y), round(x)] for x, y in below
    )


def test_frames_that_the_border_cuts_still_have_their_number() -> None:
    whole = (drawn(Frame(-20, -20, 120), height=100, width=100) != 128).any(axis=2)
    assert whole[:12, :8].mean() > 0.8  # the number's ground
    beyond = (drawn(Frame(150, 90, 120), height=100, width=100) != 128).any(axis=2)
    assert beyond.any()


def test_the_number_of_a_tiny_object_does_not_hide_it() -> None:
    changed = (drawn(Frame(150, 100, 12)) != 128).any(axis=2)
    assert not changed[97:104, 148:153].any()
    assert changed[80:92, 146:154].any()


def test_numbers_differ() -> None:
    one = drawn(Frame(60, 100, 100), Frame(240, 100, 100))
    assert (one[50:150, 10:110] != one[50:150, 190:290]).any()


def test_the_photo_itself_stays() -> None:
    pixels = np.zeros((50, 50, 3), np.uint8)
    with_frames(pixels, [FoundObject(1, Frame(25, 25, 30), (0, 0, 1, 1), 0.5, ())])
    assert not pixels.any()
