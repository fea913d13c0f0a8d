"""Coordinates of the subpixels of a picture, shifted, turned and scaled with what is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.floating[Any]]
"""A value at every subpixel, float32 ``[h, w]``; numbers of Python's that it meets do not widen it."""


@dataclass(frozen=True, eq=False)
class Frame:
    """A window of the picture, with the coordinates of what is drawn there.

    Attributes:
        x: to the right, ``[h, w]``, in sides of the picture, 0 where the frame has its centre.
        y: downwards, likewise.
        rows: the window's rows in the picture, in subpixels.
        columns: its columns.
        unit_px: subpixels to one unit of ``x`` and ``y``.
        turn: by which x and y are turned clockwise, in radians.
        origin_px: column and row in the picture where x and y are 0.
        side_px: subpixels on a side of the picture.
    """

    x: Plane
    y: Plane
    rows: slice
    columns: slice
    unit_px: float
    turn: float
    origin_px: tuple[float, float]
    side_px: int

    def around(self, x: float, y: float, reach_x: float, reach_y: float) -> Frame:
        """The part of this window that holds a box, given by its middle and its half sides."""
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        column = self.origin_px[0] + self.unit_px * (cos * x - sin * y)
        row = self.origin_px[1] + self.unit_px * (sin * x + cos * y)
        # One subpixel more, for edges are as wide.
        half_columns = self.unit_px * (abs(cos) * reach_x + abs(sin) * reach_y) + 1
        half_rows = self.unit_px * (abs(sin) * reach_x + abs(cos) * reach_y) + 1
        rows = _inside(self.rows, row - half_rows, row + half_rows)
        columns = _inside(self.columns, column - half_columns, column + half_columns)
        here = (
            slice(rows.start - self.rows.start, rows.stop - self.rows.start),
            slice(columns.start - self.columns.start, columns.stop - self.columns.start),
        )
        return Frame(
            self.x[here], self.y[here], rows, columns, self.unit_px, self.turn, self.origin_px, self.side_px
        )

    def coverage(self, distance: Plane) -> Plane:
        """How much of each subpixel lies inside a shape, 0 to 1.

        Args:
            distance: to the shape's edge in units, negative inside; need be right only near the edge.
        """
        return np.clip(0.5 - distance * self.unit_px, 0, 1)


def frame_of(side_px: int, centre: tuple[float, float], scale: float, turn: float) -> Frame:
    """The whole picture.

    Args:
        side_px: of the picture, in subpixels.
        centre: where x and y are 0, in sides of the picture from its left upper corner.
        scale: how much larger than in units everything is.
        turn: clockwise, in radians.
    """
    steps = (np.arange(side_px, dtype=np.float32) + 0.5) / side_px
    right = ((steps - centre[0]) / scale)[None, :]
    down = ((steps - centre[1]) / scale)[:, None]
    cos, sin = math.cos(turn), math.sin(turn)
    everything = slice(0, side_px)
    return Frame(
        x=cos * right + sin * down,
        y=cos * down - sin * right,
        rows=everything,
        columns=everything,
        unit_px=side_px * scale,
        turn=turn,
        origin_px=(centre[0] * side_px, centre[1] * side_px),
        side_px=side_px,
    )


def _inside(outer: slice, first: float, last: float) -> slice:
    """The subpixels from ``first`` to ``last`` that lie in ``outer``; perhaps none."""
    start = min(max(math.floor(first), outer.start), outer.stop)
    return slice(start, min(max(math.ceil(last), start), outer.stop))
