"""Brows."""

from __future__ import annotations

from dataclasses import dataclass

from partly.data.portraits.canvas import Canvas
from partly.data.portraits.eyes import Eyes
from partly.data.portraits.face_geometry import Frame
from partly.data.portraits.head import Head
from partly.data.portraits.outline_shapes import between_curves
from partly.data.portraits.palette import Rgb, brow_colour
from partly.data.portraits.portrait_randomness import Draws
from partly.data.portraits.pose import Pose


@dataclass(frozen=True)
class Brows:
    """A pair of brows; lengths in sides of the picture.

    Attributes:
        colour: theirs.
        above: from the eye's middle up to the brow's.
        width: half of one's.
        thickness: half of it, at the thickest place.
        arch: how much higher the middle is than the ends.
        tilt: how much higher the outer end is than the inner one.
        thinning: how much thinner the outer end is, 0 to 1.
    """

    colour: Rgb
    above: float
    width: float
    thickness: float
    arch: float
    tilt: float
    thinning: float


def draw_brows(draws: Draws, hair: Rgb, skin: Rgb) -> Brows:
    """Straight or arched, thin or bushy, calm, cross or surprised."""
    return Brows(
        colour=brow_colour(draws, hair, skin),
        above=draws.between(0.078, 0.096),
        width=draws.between(0.070, 0.082),
        thickness=draws.between(0.018, 0.026),
        arch=draws.between(0.004, 0.026),
        tilt=draws.near(0.002, 0.016),
        thinning=draws.between(0.1, 0.6),
    )


def paint_brows(canvas: Canvas, frame: Frame, brows: Brows, eyes: Eyes, head: Head, pose: Pose) -> None:
    """Both brows, over their eyes."""
    for side in (-1, 1):
        x, eye_y = eyes.place(side, head, pose)
        x, y = x + side * 0.004, eye_y - brows.above
        width = brows.width * pose.foreshortening(side * eyes.apart, head.width)
        at = frame.around(x, y, width, brows.thickness + brows.arch + abs(brows.tilt))
        outwards = (at.x - x) * (side / width)
        squared = outwards**2
        middle = brows.arch * (squared - 0.4) - brows.tilt * outwards
        half = brows.thickness * (1 - squared * squared) * (1 - brows.thinning * (0.5 + 0.5 * outwards))
        down = at.y - y
        canvas.paint(
            at, at.coverage(between_curves(middle - half, down, middle + half)), brows.colour, "brow"
        )
