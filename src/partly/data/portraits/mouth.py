"""Mouths: two lips, closed or open, with teeth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from partly.data.portraits.canvas import Canvas
from partly.data.portraits.face_geometry import Frame
from partly.data.portraits.head import Head
from partly.data.portraits.outline_shapes import between_curves, soft_spot
from partly.data.portraits.palette import WHITE, Rgb, lip_colour, mixed, scaled
from partly.data.portraits.portrait_randomness import Draws
from partly.data.portraits.pose import Pose

_INSIDE: Rgb = (0.32, 0.08, 0.09)


@dataclass(frozen=True)
class Mouth:
    """A mouth; lengths in sides of the picture.

    Attributes:
        lips: their colour.
        above_chin: from the line between the lips down to the chin.
        width: half of it.
        upper: height of the upper lip.
        lower: height of the lower lip.
        smile: how much higher the corners are than the middle.
        bow: depth of the notch in the upper lip, 0 to 1.
        opening: between the lips.
        teeth: the share of the opening that they fill, from above.
        gloss: how bright the lower lip shines, 0 to 1.
    """

    lips: Rgb
    above_chin: float
    width: float
    upper: float
    lower: float
    smile: float
    bow: float
    opening: float
    teeth: float
    gloss: float


def draw_mouth(draws: Draws, skin: Rgb) -> Mouth:
    """Closed or open, in any mood but the worst."""
    is_open = draws.chance(0.4)
    return Mouth(
        lips=lip_colour(draws, skin),
        above_chin=draws.between(0.090, 0.102),
        width=draws.between(0.072, 0.100),
        upper=draws.between(0.018, 0.028),
        lower=draws.between(0.022, 0.034),
        smile=draws.near(0.017, 0.020),
        bow=draws.between(0.1, 0.7),
        opening=draws.between(0.016, 0.040) if is_open else 0.0,
        teeth=draws.between(0.35, 1.1),
        gloss=draws.between(0.0, 0.4),
    )


def paint_mouth(canvas: Canvas, frame: Frame, mouth: Mouth, head: Head, pose: Pose) -> None:
    """Lips, teeth, and a shadow below."""
    x, y = pose.turned(0, head.width, 1.15), head.below - mouth.above_chin + pose.nod
    shadow_y = y + mouth.opening + mouth.lower + 0.008
    shadow = frame.around(x, shadow_y, 0.7 * mouth.width, 0.018)
    canvas.paint(
        shadow, 0.35 * soft_spot(shadow, x, shadow_y, 0.7 * mouth.width, 0.018), scaled(head.skin, 0.6)
    )

    at = frame.around(
        x, y, mouth.width + 0.005, mouth.upper + mouth.lower + mouth.opening + abs(mouth.smile) + 0.01
    )
    along = (at.x - x) / mouth.width
    squared = along**2
    bow = 1 - squared
    down = at.y - y + mouth.smile * (squared - 0.25)
    notch = 1 - mouth.bow * np.clip(1 - 9 * squared, 0, 1)
    top, bottom = -mouth.upper * bow * notch, (mouth.opening + mouth.lower) * bow
    lips = at.coverage(between_curves(top, down, bottom))
    canvas.paint(at, lips, mouth.lips, "mouth")
    canvas.paint(at, np.clip(-down / mouth.upper, 0, 1) * 0.35 * lips, scaled(mouth.lips, 0.7))
    gloss_y = y + mouth.opening + 0.45 * mouth.lower
    gloss = soft_spot(at, x, gloss_y, 0.5 * mouth.width, 0.4 * mouth.lower)
    canvas.paint(at, mouth.gloss * gloss * lips, WHITE)
    line = 0.005
    gap = at.coverage(between_curves(-line * bow, down, mouth.opening * bow + line * bow))
    canvas.paint(at, gap, mixed(scaled(mouth.lips, 0.4), _INSIDE, 0.5))
    if mouth.opening:
        teeth = at.coverage(between_curves(0 * bow, down, mouth.teeth * mouth.opening * (bow - 0.12)))
        canvas.paint(at, teeth * gap, (0.93, 0.90, 0.86))
