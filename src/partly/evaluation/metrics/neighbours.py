"""Nearest neighbours among features, by Euclidean distance, block by block.

All distances are computed as ``|x|² + |y|² - 2 xᵀy``, which is a product of matrices and so many times
quicker than differences, but leaves rounding errors where rows are alike. ``slack`` bounds those errors, and
what lies within it counts as equal: ties are ties, and a row's duplicate is at no distance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partly.evaluation.metrics.feature_sets import Features, double, row_blocks

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Block:
    """Distances of some rows to some others.

    Attributes:
        rows: span of the rows.
        columns: span of the others.
        squares: squared distances, ``float64 [rows, columns]``.
        slack: how far two squared distances may be apart and still be equal, of the same shape.
    """

    rows: slice
    columns: slice
    squares: Numbers
    slack: Numbers

    def within(self, squared_radii: Numbers) -> NDArray[np.bool_]:
        """Where the distance is at most a radius, which is given squared and broadcasts."""
        return self.squares <= squared_radii + self.slack


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest of others to each row.

    Attributes:
        indexes: ``int64 [n]``; the first of several at the same distance.
        distances: ``float64 [n]``.
    """

    indexes: NDArray[np.int64]
    distances: Numbers


def distance_blocks(ones: Features, others: Features) -> Iterator[Block]:
    """Distances of ``ones [n, d]`` to ``others [m, d]``, all ``n m`` of them, of which one block is held."""
    # Distances do not depend on the origin, but rounding does.
    centre = others.mean(axis=0, dtype=np.float64)
    # The error of a sum of d products, of both distances that are compared, with room to spare.
    precision = 8 * np.finfo(np.float64).eps * (others.shape[1] + 8)
    for rows in row_blocks(len(ones)):
        x = double(ones[rows]) - centre
        for columns in row_blocks(len(others)):
            y = double(others[columns]) - centre
            norms = np.square(x).sum(axis=1)[:, None] + np.square(y).sum(axis=1)[None, :]
            squares = np.maximum(norms - 2 * (x @ y.T), 0)
            yield Block(rows, columns, squares, precision * norms)


def neighbour_squares(points: Features, k: int) -> Numbers:
    """Squared distances of every row to its ``k`` nearest others, nearest first.

    Args:
        points: ``[n, d]``, ``n`` above ``k``. A duplicate of a row is another row.
        k: 1 or more.

    Returns:
        ``float64 [n, k]``.
    """
    found = np.full((len(points), k), np.inf)
    for block in distance_blocks(points, points):
        _leave_selves_out(block)
        candidates = np.concatenate([found[block.rows], block.squares], axis=1)
        found[block.rows] = np.partition(candidates, k - 1, axis=1)[:, :k]
    return np.sort(found, axis=1)


def nearest(points: Features, others: Features) -> Nearest:
    """The nearest of ``others [m, d]`` to each of ``points [n, d]``; ``m`` is 1 or more."""
    return _nearest(points, others, selves=True)


def nearest_other(points: Features) -> Nearest:
    """The nearest other row to each of ``points [n, d]``; ``n`` is 2 or more."""
    return _nearest(points, points, selves=False)


def _nearest(points: Features, others: Features, *, selves: bool) -> Nearest:
    indexes = np.zeros(len(points), np.int64)
    distances = np.full(len(points), np.inf)
    for block in distance_blocks(points, others):
        if not selves:
            _leave_selves_out(block)
        closest = block.squares.min(axis=1, keepdims=True)
        first = block.columns.start + block.within(closest).argmax(axis=1)
        # A block may hold nothing but the row itself.
        known = np.isfinite(closest[:, 0])
        distance = np.where(known, _distances(points[block.rows], others[first]), np.inf)
        closer = distance < distances[block.rows]
        indexes[block.rows] = np.where(closer, first, indexes[block.rows])
        distances[block.rows] = np.where(closer, distance, distances[block.rows])
    return Nearest(indexes, distances)


def _leave_selves_out(block: Block) -> None:
    """In a block of distances of rows to the same rows, put each infinitely far from itself."""
    if block.rows == block.columns:
        np.fill_diagonal(block.squares, np.inf)


def _distances(ones: Features, others: Features) -> Numbers:
    """Distances ``[n]`` of rows ``[n, d]`` to their counterparts, by differences: 0 for equal rows."""
    return np.sqrt(np.square(double(ones) - double(others)).sum(axis=1))
