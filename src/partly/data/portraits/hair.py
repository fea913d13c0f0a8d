"""Hair: what of it lies behind the neck, over the shoulders and around the face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from partly.data.portraits.canvas import Canvas, Colours, as_plane
from partly.data.portraits.face_geometry import Frame, Plane
from partly.data.portraits.head import Head
from partly.data.portraits.lighting import Light
from partly.data.portraits.neck import Neck
from partly.data.portraits.outline_shapes import both, ellipse, without
from partly.data.portraits.palette import BLACK, Rgb
from partly.data.portraits.pose import Pose

_TEMPLE = 0.12


@dataclass(frozen=True)
class Hairline:
    """The edge of the hair above the forehead, as a height over the place across the head.

    Attributes:
        height: above the head's centre, in its middle.
        slope: how much it falls to the right, per unit.
        curve: how much it falls to both sides, per squared unit.
        parting: place of the parting across the head.
        peak: how steeply it falls away from the parting.
        teeth: depth of its locks.
        n_teeth: about how many locks there are in a unit.
        phase: of the locks, in radians.
    """

    height: float
    slope: float
    curve: float
    parting: float
    peak: float
    teeth: float
    n_teeth: float
    phase: float

    def y(self, x: Plane) -> Plane:
        """Its height (negative is up) at a place across the head."""
        line = -self.height + self.slope * x + self.curve * x * x
        if self.peak:
            line = line + self.peak * np.abs(x - self.parting)
        if self.teeth:
            line = line + self.teeth * np.sin(2 * np.pi * self.n_teeth * x + self.phase)
        return line


@dataclass(frozen=True)
class Hair:
    """A haircut; lengths in sides of the picture, heights downwards from between the eyes.

    Attributes:
        colour: its colour.
        hairline: above the forehead.
        top: how far it stands above the head.
        side: how far it stands out at the sides.
        sides_in: where the hair begins beside the forehead, as a share of half the head's width.
        sides_low: where it begins at its lower end, likewise.
        crown: height above which there is none; bald heads have some.
        sides_end: height down to which it hangs beside the face.
        back_end: height down to which it hangs behind the head; None: not at all.
        back_flare: how fast it widens downwards there.
        over_shoulders: whether it lies on the clothes.
        hides_ears: whether it lies over the ears.
        waves: how far its outline waves.
        n_waves: waves in a unit.
        bun: place across and height of a bun, and half its width; None: none.
        strands: contrast of the strands.
        n_strands: how fine they are.
        gloss: how bright the shine is, 0 to 1.
    """

    colour: Rgb
    hairline: Hairline
    top: float
    side: float
    sides_in: float
    sides_low: float
    crown: float | None
    sides_end: float
    back_end: float | None
    back_flare: float
    over_shoulders: bool
    hides_ears: bool
    waves: float
    n_waves: float
    bun: tuple[float, float, float] | None
    strands: float
    n_strands: float
    gloss: float


def paint_back_hair(canvas: Canvas, frame: Frame, hair: Hair, head: Head, light: Light) -> None:
    """What lies behind neck, ears and head."""
    if hair.bun:
        x, y, reach = hair.bun
        at = frame.around(x, y, reach, reach)
        cover = at.coverage(ellipse(at, x, y, reach, 0.9 * reach))
        canvas.paint(at, cover, _tuft(hair, (at.x - x) / reach, (at.y - y) / reach, light), "hair")
    if hair.back_end is not None:
        at, shape = _curtain(frame, hair, head)
        canvas.paint(at, at.coverage(shape), 0.72 * _strands(hair, head, at, light), "hair")


def paint_hair_on_shoulders(
    canvas: Canvas, frame: Frame, hair: Hair, head: Head, neck: Neck, pose: Pose, light: Light
) -> None:
    """Long hair that lies on the clothes beside the neck, which it leaves free."""
    if hair.back_end is None or not hair.over_shoulders:
        return
    at, shape = _curtain(frame, hair, head)
    bare = np.abs(at.x - neck.place(pose)) - (neck.width + 0.012)
    cover = at.coverage(np.maximum(without(shape, bare), -at.y))
    canvas.paint(at, cover, 0.9 * _strands(hair, head, at, light), "hair")


def paint_front_hair(canvas: Canvas, frame: Frame, hair: Hair, head: Head, pose: Pose, light: Light) -> None:
    """What lies over the head, and its shadow on the forehead."""
    reach_x, reach_y = head.width + hair.side + hair.waves, head.above + hair.top + hair.waves
    at = frame.around(0, 0.5 * (hair.sides_end - reach_y), reach_x, 0.5 * (hair.sides_end + reach_y) + 0.01)
    on_head = head.distance(at)
    cover = at.coverage(_front(at, hair, head, pose, on_head))
    # What was there is darkened a little further down than the hair reaches.
    lower = max(1, round(0.016 * at.unit_px))
    fall = np.zeros_like(cover)
    fall[lower:] = cover[:-lower]
    shadow = np.clip(fall - cover, 0, 1) * at.coverage(on_head)
    canvas.paint(at, 0.32 * shadow, BLACK)
    canvas.paint(at, cover, _strands(hair, head, at, light), "hair")


def _front(at: Frame, hair: Hair, head: Head, pose: Pose, on_head: Plane) -> Plane:
    """Distance to the hair around the face; ``on_head`` is the distance to the head."""
    shape = both(_outline(hair, head, at, 0.0), at.y - hair.sides_end, 0.05)
    across = at.x - 0.5 * pose.yaw
    down = np.clip((at.y + _TEMPLE) / (hair.sides_end + _TEMPLE), 0, 1)
    share = hair.sides_in + (hair.sides_low - hair.sides_in) * down
    beside = np.abs(across) - share * head.width
    face = both(hair.hairline.y(across) - at.y, beside, 0.06)
    # Above the eyes the face ends where the head does, however far the hair stands out.
    face = np.maximum(face, on_head - np.clip(at.y, 0, None))
    shape = without(shape, face)
    return shape if hair.crown is None else both(shape, hair.crown - at.y, 0.05)


def _curtain(frame: Frame, hair: Hair, head: Head) -> tuple[Frame, Plane]:
    """Where the hair behind the head may be, and the distance to it."""
    end = hair.back_end or 0.0
    reach = head.width + hair.side + hair.back_flare * max(end, 0.0) + 2 * hair.waves + 0.01
    at = frame.around(0, 0.5 * (end - 0.15), reach, 0.5 * (end + 0.15) + 0.02)
    return at, both(_outline(hair, head, at, hair.back_flare), at.y - end, 0.09)


def _outline(hair: Hair, head: Head, at: Frame, flare: float) -> Plane:
    """Distance to a cap over the head, open below, and wider there by ``flare`` per unit."""
    wave = _wave(hair, at)
    width = head.width + hair.side + wave
    height = head.above + hair.top + wave
    cap = (np.sqrt((at.x / width) ** 2 + (at.y / height) ** 2) - 1) * width
    return np.where(at.y < 0, cap, np.abs(at.x) - width - flare * at.y)


def _wave(hair: Hair, at: Frame) -> Plane | float:
    if not hair.waves:
        return 0
    turns = 2 * np.pi * hair.n_waves
    return hair.waves * np.sin(turns * at.y) * np.cos(turns * 0.8 * at.x)


def _strands(hair: Hair, head: Head, at: Frame, light: Light) -> Colours:
    """The hair's colours: strands that fan out from above the parting, and a band of shine."""
    top = head.above + 0.22
    fan = (at.x - hair.hairline.parting) / np.clip(at.y + top, 0.12, 0.75)
    grain = np.sin(hair.n_strands * fan + 5 * at.y)
    brightness = 1 + hair.strands * grain
    height = head.above + hair.top
    right = np.clip(at.x / (head.width + hair.side), -1, 1)
    brightness *= light.on_ball(0.8 * right, 0.8 * np.clip(at.y / height, -1, 0))
    ring = np.sqrt(right**2 + (at.y / height) ** 2)
    shine = np.clip(1 - ((ring - 0.80) / 0.11) ** 2, 0, 1)
    shine *= np.clip(0.35 + light.x * right - at.y, 0, 1) * (1 + 0.4 * grain)
    colour = as_plane(hair.colour)
    return np.clip(colour * brightness + 0.35 * hair.gloss * shine, 0, 1)


def _tuft(hair: Hair, right: Plane, down: Plane, light: Light) -> Colours:
    """The colours of a bun."""
    grain = np.sin(9 * (right + 0.6 * down**2))
    brightness = (1 + hair.strands * grain) * light.on_ball(0.85 * right, 0.85 * down)
    return as_plane(hair.colour) * brightness
