from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from pycocotools import mask as coco_mask

from partly.data.labels.outlines import outline_polygons
from partly.data.labels.rasterise import polygon_mask
from tests.data.labels.drawings import blobs, drawn, masks


def pixels(text):
    return drawn(text) == 1


def union(polygons, shape):
    whole = np.zeros(shape, int)
    for points in polygons:
        whole += polygon_mask(points, shape)
    assert whole.max(initial=0) <= 1
    return whole == 1


@settings(deadline=None, max_examples=300)
@given(masks())
def test_outlines_give_exactly_the_mask_again(mask):
    polygons = outline_polygons(mask)
    assert np.array_equal(union(polygons, mask.shape), mask)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@settings(deadline=None, max_examples=100)
@given(masks())
def test_cocos_own_tool_fills_them_alike(mask):
    polygons = [points.ravel().astype(float).tolist() for points in outline_polygons(mask)]
    if polygons:
        runs = coco_mask.merge(coco_mask.frPyObjects(polygons, *mask.shape))
        assert np.array_equal(coco_mask.decode(runs).astype(bool), mask)


def test_large_smooth_regions_too():
    for part_id in range(4):
        mask = blobs() == part_id
        assert np.array_equal(union(outline_polygons(mask), mask.shape), mask)


def test_a_pixel_is_a_square_and_nothing_is_nothing():
    (square,) = outline_polygons(pixels("000 010"))
    assert sorted(map(tuple, square.tolist())) == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert outline_polygons(np.zeros((3, 3), bool)) == []


def test_pixels_that_touch_at_a_corner_are_two_regions():
    assert len(outline_polygons(pixels("10 01"))) == 2
    assert len(outline_polygons(pixels("11 01"))) == 1


def test_straight_edges_have_no_corners_on_them():
    (outline,) = outline_polygons(np.ones((50, 70), bool))
    assert len(outline) == 4


def test_a_hole_hangs_on_a_bridge():
    (outline,) = outline_polygons(pixels("11111 11111 11011 11111"))
    # Down from the upper edge and round the hole, back up, and on around the region.
    bridge_and_hole = [[2, 0], [2, 3], [3, 3], [3, 2], [2, 2], [2, 0]]
    region = [[5, 0], [5, 4], [0, 4], [0, 0]]
    start = outline.tolist().index([2, 0])
    assert np.roll(outline, -start, axis=0).tolist() == bridge_and_hole + region


def test_outer_outlines_run_clockwise():
    (outline,) = outline_polygons(pixels("110 111"))
    x, y = outline.T
    assert (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() == 2 * 5


def test_regions_within_holes_and_holes_below_holes():
    mask = pixels("""
        1111111
        1011101
        1111101
        1000111
        1010101
        1000111
        1111111
    """)
    polygons = outline_polygons(mask)
    assert len(polygons) == 2
    assert np.array_equal(union(polygons, mask.shape), mask)


def test_thousands_of_holes_in_a_column_do_not_run_out_of_stack():
    mask = np.ones((4001, 3), bool)
    mask[1::2, 1] = False
    (outline,) = outline_polygons(mask)
    assert np.array_equal(polygon_mask(outline, mask.shape), mask)
