from __future__ import annotations

import numpy as np
import pytest

from partly.data.photos.picture_grids import grid, side_by_side
from tests.data.photos.files import gradient


def test_pictures_stand_in_rows_and_columns() -> None:
    pictures = [np.full((10, 20, 3), value, np.uint8) for value in (10, 20, 30, 40, 50)]
    result = grid(pictures, gap_px=2, background=(255, 0, 0))
    assert result.shape == (2 * 12 + 2, 3 * 22 + 2, 3)
    assert (result[2:12, 2:22] == 10).all()
    assert (result[2:12, 46:66] == 30).all()
    assert (result[14:24, 24:44] == 50).all()
    assert (result[14:24, 46:66] == (255, 0, 0)).all()
    assert (result[:2] == (255, 0, 0)).all()
    assert grid(pictures, 5, gap_px=0).shape == (10, 100, 3)


def test_smaller_pictures_stand_in_the_middle() -> None:
    result = grid([np.zeros((10, 10, 3), np.uint8), np.zeros((4, 2, 3), np.uint8)], 2, gap_px=0)
    black = (result == 0).all(axis=2)
    assert black[:, :10].all()
    assert black[3:7, 14:16].all()
    assert black[:, 10:].sum() == 8


@pytest.mark.parametrize("background", [(255, 255, 255), (0, 0, 0)])
def test_captions_stand_below_and_never_in_the_pictures(background: tuple[int, int, int]) -> None:
    pictures = [gradient(30, 40)] * 2
    result = grid(
        pictures, 2, captions=["", "a caption that is much too long\nfor its picture"], background=background
    )
    assert result.shape == (4 + 30 + 20 + 4, 4 + 2 * 44, 3)
    np.testing.assert_array_equal(result[4:34, 4:44], pictures[0])
    np.testing.assert_array_equal(result[4:34, 48:88], pictures[1])
    assert (result[34:, 4:44] == background).all()
    assert (result[34:54, 48:88] != background).any()
    assert (result[:, 88:] == background).all()


def test_short_captions_are_centred() -> None:
    line = grid([gradient(5, 200)], captions=["ab"], gap_px=0)[5:]
    columns = np.flatnonzero((line < 128).any(axis=(0, 2)))
    assert abs((columns[0] + columns[-1]) / 2 - 99.5) <= 2


def test_panels_get_one_height() -> None:
    panels = [gradient(20, 10), gradient(40, 40), gradient(5, 1)]
    assert side_by_side(panels, gap_px=0).shape == (20, 3 * 20, 3)
    result = side_by_side(panels, height_px=10, gap_px=1, captions=["a", "b", "c"])
    assert result.shape == (10 + 20 + 2, 3 * 11 + 1, 3)


def test_a_grid_needs_pictures_and_as_many_captions() -> None:
    with pytest.raises(ValueError, match="needs pictures"):
        grid([])
    with pytest.raises(ValueError, match="as many captions"):
        grid([gradient()], captions=["a", "b"])
