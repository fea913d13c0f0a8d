"""Masks as pieces with holes, and rings with fewer corners."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partly.data.labels.pieces_of_masks import outline_pieces, simplified_ring
from partly.data.labels.rasterise import polygon_mask

RING = [[1, 1, 1, 1, 1], [1, 0, 0, 0, 1], [1, 0, 1, 0, 1], [1, 0, 0, 0, 1], [1, 1, 1, 1, 1]]


def painted(pieces, shape):
    whole = np.zeros(shape, bool)
    for piece in pieces:
        mask = polygon_mask(piece.outline, shape)
        for hole in piece.holes:
            mask &= ~polygon_mask(hole, shape)
        whole |= mask
    return whole


def test_a_ring_around_an_island():
    outer, island = outline_pieces(np.array(RING, bool))
    assert outer.outline.tolist() == [[0, 0], [5, 0], [5, 5], [0, 5]] or len(outer.outline) == 4
    assert [len(hole) for hole in outer.holes] == [4]
    assert island.holes == ()
    assert sorted(map(tuple, island.outline.tolist())) == [(2, 2), (2, 3), (3, 2), (3, 3)]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 12))
def test_pieces_give_the_mask_again(seed, height, width):
    mask = np.random.default_rng(seed).random((height, width)) < 0.6
    assert np.array_equal(painted(outline_pieces(mask), mask.shape), mask)


def test_holes_within_a_wide_hole_of_one_piece():
    mask = np.ones((5, 9), bool)
    mask[1, 1:8] = mask[3, 2] = mask[3, 6] = False
    (piece,) = outline_pieces(mask)
    assert len(piece.holes) == 3
    assert np.array_equal(painted([piece], mask.shape), mask)


def distance_to(points, ring):
    """Of each point, naively, from the nearest stretch of a closed ring."""
    nearest = np.full(len(points), np.inf)
    for start, end in zip(ring, np.roll(ring, -1, 0), strict=True):
        for share in np.linspace(0, 1, 200):
            nearest = np.minimum(nearest, np.hypot(*(points - start - share * (end - start)).T))
    return nearest


@pytest.mark.parametrize("tolerance_px", [0.5, 1.5, 4.0])
def test_corners_that_are_left_out_lie_near(tolerance_px):
    angles = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    ring = np.stack([30 + 20 * np.cos(angles), 30 + 12 * np.sin(3 * angles)], 1).round()
    simple = simplified_ring(ring, tolerance_px)
    assert 3 <= len(simple) < len(ring)
    assert distance_to(ring, simple).max() <= tolerance_px + 0.1
    assert {tuple(point) for point in simple} <= {tuple(point) for point in ring}


def test_no_tolerance_leaves_a_ring_alone():
    ring = np.array([[0, 0], [9, 0], [9, 9], [0, 9]], float)
    assert simplified_ring(ring, 0) is ring
    assert len(simplified_ring(ring, 50)) < 3
