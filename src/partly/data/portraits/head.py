"""Head and skin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from partly.data.portraits.canvas import Canvas
from partly.data.portraits.face_geometry import Frame, Plane
from partly.data.portraits.lighting import Light
from partly.data.portraits.outline_shapes import egg, soft_spot
from partly.data.portraits.palette import BLUSH, Rgb, mixed, scaled, skin_colour
from partly.data.portraits.portrait_randomness import Draws
from partly.data.portraits.pose import Pose


@dataclass(frozen=True)
class Head:
    """A head without its features; lengths in sides of the picture, from between the eyes.

    Attributes:
        skin: its colour.
        width: half of it.
        above: up to the crown.
        below: down to the chin.
        squareness: of the jaw; see :func:`partly.data.portraits.egg`.
        taper: by how much the chin is narrower than the face.
        blush: how red the cheeks are, 0 to 1.
        stubble: how dark the beard is, 0 (none) to 1.
    """

    skin: Rgb
    width: float
    above: float
    below: float
    squareness: float
    taper: float
    blush: float
    stubble: float

    def distance(self, frame: Frame) -> Plane:
        """To the head's outline, negative inside."""
        return egg(frame, self.width, self.above, self.below, self.squareness, self.taper)


def draw_head(draws: Draws) -> Head:
    """Round, long, square or pointed, of any skin."""
    return Head(
        skin=skin_colour(draws),
        width=draws.between(0.203, 0.232),
        above=draws.between(0.255, 0.285),
        below=draws.between(0.27, 0.31),
        squareness=draws.between(-0.15, 0.6),
        taper=draws.between(0.0, 0.16),
        blush=draws.between(0, 0.4) if draws.chance(0.6) else 0.0,
        stubble=draws.between(0.15, 0.7) if draws.chance(0.22) else 0.0,
    )


def paint_head(canvas: Canvas, frame: Frame, head: Head, pose: Pose, beard: Rgb) -> tuple[Frame, Plane]:
    """Skin, flat, with cheeks and beard.

    Returns:
        The window that the head is in, and how much of each subpixel it covers.
    """
    at = frame.around(0, 0, head.width + 0.01, max(head.above, head.below) + 0.01)
    cover = at.coverage(head.distance(at))
    canvas.paint(at, cover, head.skin, "skin")
    if head.stubble:
        lower = np.clip((at.y - 0.10 - pose.nod) / 0.06, 0, 1)
        canvas.paint(at, (0.5 * head.stubble) * lower * cover, mixed(scaled(head.skin, 0.6), beard, 0.5))
    if head.blush:
        for side in (-1, 1):
            x = pose.turned(side * 0.125, head.width)
            cheek = at.around(x, 0.10 + pose.nod, 0.07, 0.055)
            spot = soft_spot(cheek, x, 0.10 + pose.nod, 0.07, 0.055)
            canvas.paint(cheek, head.blush * spot, mixed(head.skin, BLUSH, 0.6))
    return at, cover


def light_head(canvas: Canvas, at: Frame, cover: Plane, head: Head, light: Light) -> None:
    """Shade what has been painted on the head as if it stood on a ball."""
    down = np.where(at.y > 0, at.y / head.below, at.y / head.above)
    brightness = light.on_ball(0.92 * at.x / head.width, 0.92 * down)
    canvas.shade(at, 1 + cover * (brightness - 1))
