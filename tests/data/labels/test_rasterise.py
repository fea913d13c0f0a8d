from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partly.data.labels.rasterise import ellipse_mask, polygon_mask, rectangle_points

quarters = st.integers(-12, 44).map(lambda n: n / 4)
polygons = st.lists(st.tuples(quarters, quarters), min_size=3, max_size=9)


def naive(points, size):
    """Even-odd with exact fractions: an odd number of edges at or left of the centre."""
    mask = np.zeros(size, bool)
    corners = [(Fraction(x), Fraction(y)) for x, y in points]
    for row in range(size[0]):
        for column in range(size[1]):
            x, y = Fraction(2 * column + 1, 2), Fraction(2 * row + 1, 2)
            for (xa, ya), (xb, yb) in zip(corners, corners[1:] + corners[:1], strict=True):
                if (ya <= y) != (yb <= y):
                    mask[row, column] ^= xa + (y - ya) / (yb - ya) * (xb - xa) <= x
    return mask


@settings(deadline=None, max_examples=150)
@given(polygons)
def test_polygons_agree_with_exact_arithmetic(points):
    assert np.array_equal(polygon_mask(points, (8, 7)), naive(points, (8, 7)))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.floats(-3, 12), st.floats(-3, 12)), min_size=3, max_size=7))
def test_direction_and_start_do_not_matter(points):
    mask = polygon_mask(points, (9, 9))
    assert np.array_equal(polygon_mask(points[::-1], (9, 9)), mask)
    assert np.array_equal(polygon_mask(points[2:] + points[:2], (9, 9)), mask)


@settings(deadline=None, max_examples=60)
@given(st.floats(-1, 9), st.floats(-1, 9), st.floats(0, 8))
def test_a_cut_picture_is_covered_exactly_once(top, bottom, knee):
    cut = [(top, 0), (knee, knee), (bottom, 8)]
    left = polygon_mask([(-5, 0), *cut, (-5, 8)], (8, 8))
    right = polygon_mask([(15, 0), *cut, (15, 8)], (8, 8))
    if 0 < knee < 8:
        assert (left ^ right).all()


def test_whole_pixels_and_centres_on_edges():
    square = [(1, 1), (3, 1), (3, 2), (1, 2)]
    assert polygon_mask(square, (3, 4)).nonzero() == (pytest.approx([1, 1]), pytest.approx([1, 2]))
    through_centres = [(0.5, 0.5), (2.5, 0.5), (2.5, 1.5), (0.5, 1.5)]
    assert np.argwhere(polygon_mask(through_centres, (3, 4))).tolist() == [[0, 0], [0, 1]]


def test_holes_by_crossing_and_shapes_outside():
    ring = [(0, 0), (6, 0), (6, 6), (0, 6), (0, 0), (2, 2), (4, 2), (4, 4), (2, 4), (2, 2)]
    mask = polygon_mask(ring, (6, 6))
    assert mask.sum() == 36 - 4
    assert not mask[2:4, 2:4].any()
    assert not polygon_mask([(20, 20), (30, 20), (30, 30)], (6, 6)).any()
    assert polygon_mask([(-9, -9), (50, -9), (50, 50), (-9, 50)], (6, 6)).all()
    assert not polygon_mask([(1, 1), (5, 1), (3, 1)], (6, 6)).any()


def test_circles_include_their_edge():
    mask = ellipse_mask((2.5, 2.5), (2, 2), (5, 5))
    assert mask.astype(int).tolist() == [
        [0, 0, 1, 0, 0], [0, 1, 1, 1, 0], [1, 1, 1, 1, 1], [0, 1, 1, 1, 0], [0, 0, 1, 0, 0],
    ]  # fmt: skip
    assert not ellipse_mask((2.5, 2.5), (0, 2), (5, 5)).any()
    assert ellipse_mask((2.5, 2.5), (1e-200, 1e-200), (5, 5)).sum() == 1


def test_turning_is_clockwise_on_the_screen():
    flat = ellipse_mask((5, 5), (4, 1), (10, 10))
    assert np.array_equal(ellipse_mask((5, 5), (4, 1), (10, 10), 90), flat.T)
    slanted = np.argwhere(ellipse_mask((5, 5), (5, 0.8), (10, 10), 45))
    assert np.corrcoef(slanted.T)[0, 1] > 0.9  # from the top left to the bottom right
    box = rectangle_points((1, 4), (9, 6), 90)
    assert box == pytest.approx(np.array([(6, 1), (6, 9), (4, 9), (4, 1)]))
    assert rectangle_points((1, 4), (9, 6)).tolist() == [[1, 4], [9, 4], [9, 6], [1, 6]]


def test_the_area_of_a_large_circle_is_right():
    assert ellipse_mask((200, 200), (150, 150), (400, 400)).sum() == pytest.approx(np.pi * 150**2, rel=1e-3)
