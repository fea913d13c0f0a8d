"""Necks, with the head's shadow on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from partly.data.portraits.canvas import Canvas
from partly.data.portraits.face_geometry import Frame
from partly.data.portraits.head import Head
from partly.data.portraits.lighting import Light
from partly.data.portraits.palette import mixed, scaled
from partly.data.portraits.portrait_randomness import Draws
from partly.data.portraits.pose import Pose

_BOTTOM = 0.62


@dataclass(frozen=True)
class Neck:
    """A neck; lengths in sides of the picture.

    Attributes:
        width: half of it.
        flare: how fast it widens to the shoulders.
        shadow: how dark the chin's shadow is, 0 to 1.
    """

    width: float
    flare: float
    shadow: float

    def place(self, pose: Pose) -> float:
        """Its middle: it turns less than the face does."""
        return -0.4 * pose.yaw - 0.075 * pose.roll


def draw_neck(draws: Draws) -> Neck:
    """Slender to strong."""
    return Neck(draws.between(0.095, 0.135), draws.between(0.3, 1.0), draws.between(0.2, 0.5))


def paint_neck(canvas: Canvas, body: Frame, neck: Neck, head: Head, pose: Pose, light: Light) -> None:
    """The neck, as far down as clothes may leave it bare."""
    at = body.around(0, 0.4, 0.4, 0.4)
    across = at.x - neck.place(pose)
    half = neck.width + neck.flare * np.clip(at.y - (head.below + 0.05), 0, None)
    shape = np.maximum(np.abs(across) - half, np.maximum(0.1 - at.y, at.y - _BOTTOM))
    cover = at.coverage(shape)
    canvas.paint(at, cover, head.skin, "neck")
    depth = np.clip((head.below + 0.085 - at.y - 1.2 * across**2) / 0.05, 0, 1)
    canvas.paint(at, neck.shadow * depth * cover, scaled(mixed(head.skin, (0.4, 0.1, 0.1), 0.25), 0.55))
    canvas.shade(at, 1 + cover * (0.6 * light.strength * light.x) * across / neck.width)
