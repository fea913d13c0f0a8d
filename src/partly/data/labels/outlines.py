"""Masks to polygons along the edges of pixels, such that the polygons give exactly the mask again.

Each 4-connected region becomes one polygon. Its holes hang on the outline by bridges that are walked there
and back: a bridge covers nothing, so formats that know no holes can keep them, in any painting order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Outline = npt.NDArray[np.int64]
Corner = tuple[int, int]
Ring = list[Corner]

# Directions, clockwise on the screen: right, down, left, up, as (dx, dy).
_STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))


def outline_polygons(mask: npt.NDArray[np.bool_]) -> list[Outline]:
    """Outlines of the 4-connected regions of a mask.

    Args:
        mask: bool [h, w].

    Returns:
        For each region the corners x, y of its outline, int64 [n, 2], on the corners of pixels, from the
        topmost region to the lowest; outer outlines run clockwise on the screen, holes the other way.
        :func:`~partly.data.labels.polygon_mask` of them gives the mask.
    """
    return [np.array(bends(outline), np.int64) for outline in _hang_holes(mask, rings_of(mask))]


def rings_of(mask: npt.NDArray[np.bool_]) -> list[Ring]:
    """Closed rings of corners, one unit step apart, around the mask bool [h, w] and its holes, from above."""
    return sorted(_rings(_successors(mask), mask.shape), key=top_left)


def _successors(mask: npt.NDArray[np.bool_]) -> dict[int, int]:
    """For each unit step along an edge of the mask, with the mask on its right-hand side, the step after it.

    A step is ``direction * n_corners + corner``, with the corner that it leaves.
    """
    inside = np.pad(mask, 1)
    above_left, above_right = inside[:-1, :-1], inside[:-1, 1:]
    below_left, below_right = inside[1:, :-1], inside[1:, 1:]
    rightward, downward = below_right & ~above_right, below_left & ~below_right
    leftward, upward = above_left & ~below_left, above_right & ~above_left
    leaving = np.stack([rightward, downward, leftward, upward]).reshape(4, -1)
    n_columns, n_corners = mask.shape[1] + 1, leaving.shape[1]
    successors: dict[int, int] = {}
    for ahead, (dx, dy) in enumerate(_STEPS):
        corners = np.flatnonzero(leaving[ahead])
        arrived = corners + dx + dy * n_columns
        right, left = (ahead + 1) % 4, (ahead + 3) % 4
        # Where two regions touch at a corner, turning right stays at the same pixel: regions are 4-connected.
        turn = np.where(leaving[right][arrived], right, np.where(leaving[ahead][arrived], ahead, left))
        steps, following = ahead * n_corners + corners, turn * n_corners + arrived
        successors.update(zip(steps.tolist(), following.tolist(), strict=True))
    return successors


def _rings(successors: dict[int, int], shape: tuple[int, ...]) -> list[Ring]:
    """Closed rings of corners, one unit step apart."""
    n_columns = shape[1] + 1
    n_corners = (shape[0] + 1) * n_columns
    rings = []
    while successors:
        first, step = successors.popitem()
        steps = [first]
        while step != first:
            steps.append(step)
            step = successors.pop(step)
        rings.append([(step % n_corners % n_columns, step % n_corners // n_columns) for step in steps])
    return rings


def _hang_holes(mask: npt.NDArray[np.bool_], rings: list[Ring]) -> list[Ring]:
    """Outer rings, each with its holes in it; ``rings`` are sorted by their top left corners."""
    edges = upper_edges(rings)
    hanging: dict[int, dict[int, list[Ring]]] = defaultdict(lambda: defaultdict(list))
    outlines = []
    # A hole hangs on a ring that begins above it, so from the lowest up each ring is whole at its turn.
    for number in reversed(range(len(rings))):
        whole = _with_hanging(rings[number], hanging.pop(number, {}))
        y, x = top_left(rings[number])
        if (x, y) in edges:  # the mask is below: an outer ring
            outlines.append(whole)
        else:
            owner, i = edges[x, edge_above(mask, x, y)]
            hanging[owner][i].append(_closed_from(whole, (x, y)))
    return outlines[::-1]


def upper_edges(rings: list[Ring]) -> dict[Corner, tuple[int, int]]:
    """For each unit edge with the mask below it, by its left corner: its ring and its place in the ring."""
    return {
        corner: (number, i)
        for number, ring in enumerate(rings)
        for i, (corner, after) in enumerate(zip(ring, ring[1:] + ring[:1], strict=True))
        if after[0] > corner[0]
    }


def edge_above(mask: npt.NDArray[np.bool_], x: int, y: int) -> int:
    """Height of the edge at which the run of mask pixels ends that stands on (x, y)."""
    gaps = np.flatnonzero(~mask[:y, x])
    return int(gaps[-1]) + 1 if gaps.size else 0


def _with_hanging(ring: Ring, hanging: Mapping[int, list[Ring]]) -> Ring:
    if not hanging:
        return ring
    whole = []
    for i, corner in enumerate(ring):
        whole.append(corner)
        for hole in hanging.get(i, ()):
            whole += [*hole, corner]
    return whole


def _closed_from(ring: Ring, corner: Corner) -> Ring:
    start = ring.index(corner)
    return [*ring[start:], *ring[:start], corner]


def bends(ring: Ring) -> Ring:
    """The ring without the corners at which it goes straight on."""
    directions = [_direction(a, b) for a, b in zip(ring, ring[1:] + ring[:1], strict=True)]
    return [
        corner
        for corner, come, go in zip(ring, directions[-1:] + directions[:-1], directions, strict=True)
        if come != go
    ]


def _direction(start: Corner, end: Corner) -> tuple[bool, bool, bool, bool]:
    return end[0] > start[0], end[0] < start[0], end[1] > start[1], end[1] < start[1]


def top_left(ring: Ring) -> tuple[int, int]:
    """Row and column of the topmost corner, the leftmost of these."""
    return min((y, x) for x, y in ring)
