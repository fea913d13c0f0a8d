"""Shapes to masks by the rule of pixel centres, exactly.

Coordinates are continuous: pixel (row r, column c) covers [c, c + 1) x [r, r + 1), and belongs to a shape if
its centre (c + 1/2, r + 1/2) lies inside. A centre exactly on an edge of a polygon belongs to the right (or
lower) side of it, so polygons that share an edge neither overlap nor leave a gap.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Points = npt.NDArray[np.float64]


def polygon_mask(points: npt.ArrayLike, size: tuple[int, int]) -> Mask:
    """Mask of a closed polygon by the even-odd rule; it may leave the picture and cross itself.

    Args:
        points: x, y of the corners, [n, 2], finite.
        size: height and width of the picture.

    Returns:
        bool [h, w].
    """
    height, width = size
    start = np.asarray(points, np.float64).reshape(-1, 2)
    rows, columns = _crossings(start, np.roll(start, -1, axis=0), height)
    columns = np.clip(columns, 0, width)
    mask = np.zeros((height, width), np.bool_)
    if rows.size:
        first, n_rows = int(rows.min()), int(rows.max() - rows.min()) + 1
        # A crossing flips every pixel from its column on.
        flips = np.bincount((rows - first) * (width + 1) + columns, minlength=n_rows * (width + 1))
        inside = np.cumsum(flips.reshape(n_rows, width + 1), axis=1) % 2 == 1
        mask[first : first + n_rows] = inside[:, :width]
    return mask


def ellipse_mask(
    centre: tuple[float, float], radii: tuple[float, float], size: tuple[int, int], rotation_deg: float = 0.0
) -> Mask:
    """Mask of an ellipse, its edge included.

    Args:
        centre: x, y.
        radii: along x and y before it is turned.
        size: height and width of the picture.
        rotation_deg: clockwise on the screen.

    Returns:
        bool [h, w].
    """
    height, width = size
    if min(radii) <= 0:
        return np.zeros(size, np.bool_)
    x = np.arange(width)[None, :] + 0.5 - centre[0]
    y = np.arange(height)[:, None] + 0.5 - centre[1]
    cosine, sine = _turn(rotation_deg)
    along_x, along_y = cosine * x + sine * y, cosine * y - sine * x
    with np.errstate(over="ignore"):  # of a tiny radius: infinitely far outside, which is right
        mask: Mask = (along_x / radii[0]) ** 2 + (along_y / radii[1]) ** 2 <= 1
    return mask


def rectangle_points(
    corner: tuple[float, float], opposite: tuple[float, float], rotation_deg: float = 0.0
) -> Points:
    """Corners [4, 2] of a rectangle given by two opposite corners, turned clockwise about its centre."""
    (x0, y0), (x1, y1) = corner, opposite
    points = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)
    if rotation_deg == 0:
        return points
    cosine, sine = _turn(rotation_deg)
    centre = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    turned: Points = (points - centre) @ np.array([[cosine, sine], [-sine, cosine]]) + centre
    return turned


def _turn(rotation_deg: float) -> tuple[float, float]:
    angle = np.deg2rad(rotation_deg)
    return float(np.cos(angle)), float(np.sin(angle))


def _crossings(
    start: Points, end: Points, height: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where edges cross the rows of pixel centres: row of each crossing and the first column right of it."""
    # Every edge is taken downwards, so that two shapes that share it agree where it is, however rounded.
    down = (start[:, 1] <= end[:, 1])[:, None]
    upper, lower = np.where(down, start, end), np.where(down, end, start)
    first = np.clip(np.ceil(upper[:, 1] - 0.5), 0, height).astype(np.int64)
    stop = np.clip(np.ceil(lower[:, 1] - 0.5), 0, height).astype(np.int64)
    n_rows = stop - first
    edges = np.repeat(np.arange(len(start)), n_rows)
    rows = np.arange(len(edges)) - np.repeat(np.cumsum(n_rows) - n_rows, n_rows) + first[edges]
    x, y = upper[edges].T
    width, height_px = (lower - upper)[edges].T
    fallen = (rows + 0.5 - y) * width
    columns = np.ceil(x + fallen / height_px - 0.5)
    # Where a centre lies on the edge the division may miss by one column; the products do not.
    columns -= (columns - 0.5 - x) * height_px >= fallen
    columns += (columns + 0.5 - x) * height_px < fallen
    return rows, columns.astype(np.int64)
