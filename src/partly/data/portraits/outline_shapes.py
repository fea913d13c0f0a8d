"""Signed distances, negative inside and right near the edge, of the shapes that portraits are made of."""

from __future__ import annotations

import numpy as np

from partly.data.portraits.face_geometry import Frame, Plane

_BEYOND = 1.25


def ellipse(frame: Frame, x: float, y: float, reach_x: float, reach_y: float, tilt: float = 0.0) -> Plane:
    """An ellipse around a point, turned clockwise by ``tilt`` radians."""
    across, down = frame.x - x, frame.y - y
    if tilt:
        cos, sin = float(np.cos(tilt)), float(np.sin(tilt))
        across, down = cos * across + sin * down, cos * down - sin * across
    return (np.sqrt((across / reach_x) ** 2 + (down / reach_y) ** 2) - 1) * min(reach_x, reach_y)


def soft_spot(frame: Frame, x: float, y: float, reach_x: float, reach_y: float) -> Plane:
    """Not a distance but a coverage: 1 at the point, falling to 0 at the ellipse's edge, without a corner."""
    squared = ((frame.x - x) / reach_x) ** 2 + ((frame.y - y) / reach_y) ** 2
    return np.clip(1 - squared, 0, 1) ** 2


def egg(frame: Frame, reach_x: float, above: float, below: float, squareness: float, taper: float) -> Plane:
    """An oval around the frame's centre, with a chin.

    Above, half an ellipse; below, half of Fernández-Guasti's squircle x² + y² - s x² y² = 1 (1992), which is
    an ellipse for s = 0, nearly a box for 1 and pointed below 0, and narrows towards its end.

    Args:
        frame: where.
        reach_x: half of its width.
        above: from the centre to its upper end.
        below: from the centre to its lower end.
        squareness: s, -1 to 0.8.
        taper: by how much it is narrower at its lower end, 0 to 1.
    """
    lower = (frame.y > 0).astype(np.float32)
    down = frame.y / (above + (below - above) * lower)
    narrowed = reach_x * (1 - taper * np.clip(down, 0, 1))
    x2 = np.minimum((frame.x / narrowed) ** 2, _BEYOND)
    y2 = np.minimum(down**2, _BEYOND)
    return (x2 + y2 - squareness * lower * x2 * y2 - 1) * (0.5 * reach_x)


def between_curves(upper: Plane, y: Plane, lower: Plane) -> Plane:
    """What lies below one curve and above another one."""
    return np.maximum(upper - y, y - lower)


def both(first: Plane, second: Plane, rounding: float) -> Plane:
    """What lies inside both shapes, corners rounded (the polynomial smooth maximum)."""
    near = np.clip(rounding - np.abs(first - second), 0, None)
    return np.maximum(first, second) + near * near / (4 * rounding)


def without(shape: Plane, hole: Plane) -> Plane:
    """What lies inside the shape but not inside the hole."""
    return np.maximum(shape, -hole)
