"""Looking for objects with a finder that knows where coloured squares are."""

import math

import numpy as np
import pytest
import torch

from partly.inference.find import FindOptions, Found, Frame, find_objects
from partly.inference.find.finding import each_once, peaks, sizes_px
from partly.models.networks import FinderShape, ObjectCheck

SIZE_PX = 64


def boxes(mask):
    """Top, left, bottom and right of squares that do not touch; the mask is used up."""
    while mask.any():
        top, left = np.argwhere(mask)[0].tolist()
        right = left + int(np.argmin([*mask[top, left:], False]))
        bottom = top + int(np.argmin([*mask[top:, left], False]))
        yield top, left, bottom, right
        mask[max(0, top - 1) : bottom + 1, max(0, left - 1) : right + 1] = False


class RedSquares:
    """Finds each red square that is shown 8 to 90 px large, and says that it is upright."""

    def __init__(self):
        self.shape = FinderShape(SIZE_PX, 0.125)
        self.check = ObjectCheck()
        self.shown = []

    def __call__(self, images):
        self.shown.append(tuple(images.shape[-2:]))
        maps = []
        for image in images:
            is_red = (image[0] > 0.3) & (image[1] < 0)
            says = torch.zeros(6, *(-(-side // 8) for side in image.shape[1:]))
            says[0] = -9
            for top, left, bottom, right in boxes(is_red.numpy()):
                side = max(bottom - top, right - left)
                if not 8 <= side <= 90:
                    continue
                y, x = (top + bottom) / 2, (left + right) / 2
                row, column = int(y / 8), int(x / 8)
                says[:, row, column] = torch.tensor(
                    [3.0, x / 8 - column - 0.5, y / 8 - row - 0.5, math.log2(side / 64), 1, 0]
                )
            maps.append(says)
        return torch.stack(maps)


def photo(height, width, *squares):
    pixels = np.full((height, width, 3), (20, 160, 60), np.uint8)
    for left, top, side in squares:
        pixels[top : top + side, left : left + side] = (230, 10, 10)
    return pixels


@pytest.mark.parametrize("side", [12, 30, 90, 200])
def test_an_object_is_found_where_it_is_whatever_its_size(side):
    pixels = photo(260, 400, (150, 40, side))
    [found] = find_objects(RedSquares(), pixels, FindOptions(smallest=0.025))
    frame = found.frame
    assert (frame.x_px, frame.y_px) == pytest.approx((150 + side / 2, 40 + side / 2), abs=0.06 * side + 1)
    assert frame.side_px == pytest.approx(side, rel=0.2)
    assert found.confidence == pytest.approx(torch.tensor(3.0).sigmoid().item())


def test_several_objects_each_once():
    squares = [(20 + 100 * i, 30 + 60 * j, 24 + 8 * i) for i in range(3) for j in range(3)]
    found = find_objects(RedSquares(), photo(240, 340, *squares))
    assert len(found) == 9


def test_no_object():
    assert find_objects(RedSquares(), photo(100, 100)) == ()


def test_a_photo_smaller_than_what_the_finder_sees():
    [found] = find_objects(RedSquares(), photo(20, 24, (6, 4, 10)))
    assert found.frame.side_px == pytest.approx(10, rel=0.2)


def test_a_large_photo_is_looked_at_in_tiles_each_object_once():
    finder = RedSquares()
    squares = [(100 + 460 * i, 200 + 350 * j, 36) for i in range(6) for j in range(4)]
    found = find_objects(finder, photo(1600, 2800, *squares), FindOptions(smallest=0.006, look_again=False))
    assert len(found) == 24
    assert max(max(shape) for shape in finder.shown) == 768  # never more is in memory at a time


def test_no_more_objects_than_asked_for():
    squares = [(20 + 100 * i, 30, 30) for i in range(3)]
    assert len(find_objects(RedSquares(), photo(120, 340, *squares), FindOptions(most=2))) == 2


def test_sizes_double_until_the_smallest_objects_are_as_large_as_what_was_learned():
    shape = FinderShape(192, 0.1)
    assert sizes_px(shape, 4000, 0.1) == (192,)
    assert sizes_px(shape, 4000, 0.05) == (192, 384)
    assert sizes_px(shape, 4000, 0.02) == (192, 384, 768, 1536)
    assert sizes_px(shape, 300, 0.02) == (192, 384)  # a photo is not enlarged for nothing


def test_the_surer_of_two_that_are_the_same_stays():
    sure, unsure = Found(Frame(50, 50, 40), 0.9), Found(Frame(53, 50, 44), 0.6)
    beside, within = Found(Frame(85, 50, 40), 0.5), Found(Frame(55, 52, 12), 0.8)
    assert each_once([unsure, beside, within, sure], 0.33, 10) == [sure, beside]
    assert each_once([unsure, beside, sure], 0.33, 1) == [sure]


def test_peaks_read_the_maps():
    says = torch.zeros(6, 4, 5)
    says[0] = -5
    says[:, 2, 3] = torch.tensor([2.0, 0.25, -0.5, 1.0, 0.0, 0.3])
    [found] = peaks(says, 0.5)
    assert found.frame == Frame(30.0, 16.0, 128.0, 90.0)
    assert found.confidence == pytest.approx(1 / (1 + math.exp(-2)))
