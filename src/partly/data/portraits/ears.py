"""Ears."""

from __future__ import annotations

from dataclasses import dataclass

from partly.data.portraits.canvas import Canvas
from partly.data.portraits.face_geometry import Frame
from partly.data.portraits.head import Head
from partly.data.portraits.outline_shapes import ellipse
from partly.data.portraits.palette import mixed, scaled
from partly.data.portraits.portrait_randomness import Draws
from partly.data.portraits.pose import Pose


@dataclass(frozen=True)
class Ears:
    """A pair of ears, half behind the head; lengths in sides of the picture.

    Attributes:
        y: their middle, downwards from the head's centre.
        width: half of one's.
        height: half of one's.
        tilt: how far their upper ends lean out, in radians.
    """

    y: float
    width: float
    height: float
    tilt: float


def draw_ears(draws: Draws) -> Ears:
    """Small or large."""
    return Ears(
        y=draws.between(0.025, 0.045),
        width=draws.between(0.034, 0.044),
        height=draws.between(0.056, 0.070),
        tilt=draws.between(0.05, 0.25),
    )


def paint_ears(canvas: Canvas, frame: Frame, ears: Ears, head: Head, pose: Pose) -> None:
    """Both ears; the one that the head turns away from shows more. The head is painted over them."""
    for side in (-1, 1):
        x = side * (head.width - 0.004) - 0.35 * pose.yaw
        y = ears.y + 0.5 * pose.nod
        at = frame.around(x, y, ears.height, ears.height)
        tilt = side * ears.tilt
        canvas.paint(at, at.coverage(ellipse(at, x, y, ears.width, ears.height, tilt)), head.skin, "ear")
        inner = ellipse(at, x + side * 0.004, y, 0.62 * ears.width, 0.66 * ears.height, tilt)
        canvas.paint(at, 0.55 * at.coverage(inner), scaled(mixed(head.skin, (0.6, 0.2, 0.18), 0.3), 0.68))
