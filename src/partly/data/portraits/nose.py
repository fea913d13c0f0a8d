"""Noses: a bridge that widens to a round tip with nostrils."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from partly.data.portraits.canvas import Canvas
from partly.data.portraits.face_geometry import Frame
from partly.data.portraits.head import Head
from partly.data.portraits.lighting import Light
from partly.data.portraits.outline_shapes import both, ellipse, soft_spot
from partly.data.portraits.palette import BLACK, WHITE, mixed, scaled
from partly.data.portraits.portrait_randomness import Draws
from partly.data.portraits.pose import Pose

_DEPTH = 1.5


@dataclass(frozen=True)
class Nose:
    """A nose; lengths in sides of the picture.

    Attributes:
        top: where it begins, downwards from the head's centre.
        bottom: where it ends.
        bridge: half its width at the top.
        wings: half its width at the nostrils.
        flare: how late it widens, 1 to 3.
        redness: how much redder than the skin, 0 to 1.
        nostrils: how dark they are, 0 to 1.
        shade: how dark its sides are, 0 to 1.
    """

    top: float
    bottom: float
    bridge: float
    wings: float
    flare: float
    redness: float
    nostrils: float
    shade: float


def draw_nose(draws: Draws) -> Nose:
    """Short to long, narrow to broad."""
    return Nose(
        top=draws.between(-0.012, 0.022),
        bottom=draws.between(0.112, 0.136),
        bridge=draws.between(0.019, 0.028),
        wings=draws.between(0.050, 0.068),
        flare=draws.between(1.2, 2.2),
        redness=draws.between(0.02, 0.2),
        nostrils=draws.between(0.45, 0.9),
        shade=draws.between(0.4, 0.65),
    )


def paint_nose(canvas: Canvas, frame: Frame, nose: Nose, head: Head, pose: Pose, light: Light) -> None:
    """The nose, and its shadow below it; its tip is moved most by yaw."""
    root_x, tip_x = pose.turned(0, head.width), pose.turned(0, head.width, _DEPTH)
    top, bottom = nose.top + pose.nod, nose.bottom + 1.4 * pose.nod
    below = frame.around(tip_x, bottom, 1.2 * nose.wings, 0.035)
    canvas.paint(
        below,
        (0.5 * nose.shade + 0.1) * soft_spot(below, tip_x, bottom, 1.2 * nose.wings, 0.035),
        scaled(head.skin, 0.55),
    )
    at = frame.around((root_x + tip_x) / 2, (top + bottom) / 2, nose.wings + abs(tip_x), 0.5 * (bottom - top))
    along = np.clip((at.y - top) / (bottom - top), 0, 1)
    half = nose.bridge + (nose.wings - nose.bridge) * along**nose.flare
    across = at.x - root_x - (tip_x - root_x) * along
    right = across / half
    side = np.abs(across) - half
    # The lower edge bends up at the wings.
    ends = np.maximum(top - at.y, at.y - bottom + 0.030 * (across / nose.wings) ** 2)
    cover = at.coverage(both(side, ends, 0.03))
    canvas.paint(at, cover, mixed(head.skin, (0.80, 0.32, 0.28), nose.redness), "nose")
    lit = max(-1.0, min(1.0, 2 * light.x)) * right
    darkness = nose.shade * (0.34 * right**2 + 0.22 * (1 - lit) * along) * (0.4 + 0.6 * along)
    canvas.paint(at, np.clip(darkness, 0, 1) * cover, scaled(mixed(head.skin, (0.5, 0.15, 0.1), 0.2), 0.5))
    shine_y = bottom - 0.040
    canvas.paint(at, 0.3 * soft_spot(at, tip_x + 0.012 * light.x, shine_y, 0.022, 0.03) * cover, WHITE)
    for wing in (-1, 1):
        x, y = tip_x + wing * 0.48 * nose.wings, bottom - 0.013
        hole = ellipse(at, x, y, 0.30 * nose.wings, 0.0095, tilt=-0.3 * wing)
        canvas.paint(at, nose.nostrils * at.coverage(hole) * cover, mixed(head.skin, BLACK, 0.8))
