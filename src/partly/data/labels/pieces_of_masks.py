"""Masks as pieces, each an outline with its holes, and outlines with fewer corners."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from partly.data.labels.outlines import bends, edge_above, rings_of, top_left, upper_edges

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Piece:
    """A 4-connected region of a mask.

    Attributes:
        outline: its corners x, y, float64 ``[n, 2]``, clockwise on the screen; the last is joined to the
            first.
        holes: the outlines of what is cut out of it, the other way round.
    """

    outline: Points
    holes: tuple[Points, ...]

    def simplified(self, tolerance_px: float) -> Piece:
        """With fewer corners, see :func:`simplified_ring`; holes that become nothing are left out."""
        holes = [simplified_ring(hole, tolerance_px) for hole in self.holes]
        return Piece(
            simplified_ring(self.outline, tolerance_px), tuple(hole for hole in holes if len(hole) >= 3)
        )


def outline_pieces(mask: npt.NDArray[np.bool_]) -> list[Piece]:
    """The pieces of a mask bool ``[h, w]``, from the topmost to the lowest, along the edges of pixels."""
    rings = rings_of(mask)
    edges = upper_edges(rings)
    pieces: dict[int, Piece] = {}
    owners: list[int] = []
    # What a hole hangs on begins above it, so that its piece is known by then.
    for number, ring in enumerate(rings):
        y, x = top_left(ring)
        points = np.array(bends(ring), np.float64)
        if (x, y) in edges:
            owners.append(number)
            pieces[number] = Piece(points, ())
        else:
            owner = owners[edges[x, edge_above(mask, x, y)][0]]
            owners.append(owner)
            pieces[owner] = replace(pieces[owner], holes=(*pieces[owner].holes, points))
    return list(pieces.values())


def simplified_ring(ring: Points, tolerance_px: float) -> Points:
    """A closed ring ``[n, 2]`` with fewer corners, within a distance of it (Douglas and Peucker, 1973).

    Args:
        ring: its corners.
        tolerance_px: how far a corner that is left out may lie from the new ring; 0 leaves the ring as it is.

    Returns:
        ``[m, 2]``, some of the corners; fewer than 3 where the ring is nowhere wider than the tolerance.
    """
    if tolerance_px <= 0 or len(ring) <= 3:
        return ring
    far = int(np.argmax(((ring - ring[0]) ** 2).sum(1)))
    kept = np.zeros(len(ring) + 1, np.bool_)
    kept[[0, far, len(ring)]] = True
    closed = np.concatenate([ring, ring[:1]])
    spans = [(0, far), (far, len(ring))]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        distances = _distances(closed[first + 1 : last], closed[first], closed[last])
        farthest = int(np.argmax(distances))
        if distances[farthest] > tolerance_px:
            middle = first + 1 + farthest
            kept[middle] = True
            spans += [(first, middle), (middle, last)]
    simple: Points = ring[kept[:-1]]
    return simple


def _distances(points: Points, start: Points, end: Points) -> npt.NDArray[np.float64]:
    """From points to the stretch between two others."""
    along = end - start
    length = float(along @ along)
    shares = np.clip((points - start) @ along / length, 0, 1) if length else np.zeros(len(points))
    distances: npt.NDArray[np.float64] = np.hypot(*(points - start - shares[:, None] * along).T)
    return distances
