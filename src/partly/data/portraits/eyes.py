"""Eyes: lids, white, iris, pupil and a glint."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from partly.data.portraits.canvas import Canvas
from partly.data.portraits.face_geometry import Frame, Plane
from partly.data.portraits.head import Head
from partly.data.portraits.lighting import Light
from partly.data.portraits.outline_shapes import between_curves, ellipse, soft_spot
from partly.data.portraits.palette import BLACK, WHITE, Rgb, iris_colour, mixed, scaled
from partly.data.portraits.portrait_randomness import Draws
from partly.data.portraits.pose import Pose


@dataclass(frozen=True)
class Eyes:
    """A pair of eyes; lengths in sides of the picture.

    Attributes:
        iris: its colour.
        apart: half the distance of their middles.
        y: their height, downwards from the head's centre.
        width: half of one's.
        upper: from the middle to the upper lid.
        lower: from the middle to the lower lid.
        roundness: 0 for almonds, 1 for ovals.
        tilt: how far the outer corners are raised.
        gaze: where the pupils look, right and down.
        lid: thickness of the dark line along the upper lid.
        shadow: how much darker the skin is around the eyes, 0 to 1.
    """

    iris: Rgb
    apart: float
    y: float
    width: float
    upper: float
    lower: float
    roundness: float
    tilt: float
    gaze: tuple[float, float]
    lid: float
    shadow: float

    def place(self, side: int, head: Head, pose: Pose) -> tuple[float, float]:
        """The middle of the left (-1) or right (1) eye."""
        return pose.turned(side * self.apart, head.width), self.y + pose.nod


def draw_eyes(draws: Draws) -> Eyes:
    """Of any shape and colour, wide open to a little closed."""
    return Eyes(
        iris=iris_colour(draws),
        apart=draws.between(0.102, 0.109),
        y=draws.near(0.004, 0.006),
        width=draws.between(0.065, 0.074),
        upper=draws.between(0.028, 0.037),
        lower=draws.between(0.021, 0.029),
        roundness=draws.between(0, 1),
        tilt=draws.near(0.003, 0.010),
        gaze=(draws.near(0, 0.016), draws.near(0, 0.006)),
        lid=draws.between(0.010, 0.017),
        shadow=draws.between(0.1, 0.5),
    )


def paint_eyes(canvas: Canvas, frame: Frame, eyes: Eyes, head: Head, pose: Pose, light: Light) -> None:
    """Both eyes, and the skin around them."""
    for side in (-1, 1):
        _paint_eye(canvas, frame, eyes, head, pose, light, side)


def _paint_eye(
    canvas: Canvas, frame: Frame, eyes: Eyes, head: Head, pose: Pose, light: Light, side: int
) -> None:
    x, y = eyes.place(side, head, pose)
    width = eyes.width * pose.foreshortening(side * eyes.apart, head.width)
    socket = frame.around(x, y - 0.012, 1.35 * width, 0.075)
    shadow = eyes.shadow * soft_spot(socket, x, y - 0.012, 1.35 * width, 0.075)
    canvas.paint(socket, shadow, scaled(mixed(head.skin, (0.5, 0.25, 0.25), 0.25), 0.72))

    at = frame.around(x, y, width, eyes.upper + eyes.lid + abs(eyes.tilt) + 0.01)
    along = (at.x - x) / width
    down = at.y - y + (side * eyes.tilt) * along
    bow = _bow(along, eyes.roundness)
    rim = between_curves(
        -eyes.upper * bow - eyes.lid * np.clip(1.15 - along**2, 0, 1), down, eyes.lower * bow
    )
    canvas.paint(at, at.coverage(rim), mixed(BLACK, scaled(head.skin, 0.5), 0.25), "eye")
    open_cover = at.coverage(between_curves(-eyes.upper * bow, down, eyes.lower * bow))
    canvas.paint(at, open_cover, mixed(WHITE, head.skin, 0.08))

    # The lid shades what lies below it.
    under_lid = np.clip(1 - (down + eyes.upper * bow) / 0.016, 0, 1)
    canvas.paint(at, 0.3 * under_lid * open_cover, BLACK)
    iris_x, iris_y = x + eyes.gaze[0], y - 0.15 * eyes.upper + eyes.gaze[1]
    reach = 0.0335
    iris = at.coverage(ellipse(at, iris_x, iris_y, reach, reach)) * open_cover
    canvas.paint(at, iris, scaled(eyes.iris, 0.55))
    canvas.paint(at, at.coverage(ellipse(at, iris_x, iris_y, 0.8 * reach, 0.8 * reach)) * iris, eyes.iris)
    canvas.paint(at, at.coverage(ellipse(at, iris_x, iris_y, 0.5 * reach, 0.5 * reach)) * iris, BLACK)
    glint_x, glint_y = iris_x + math.copysign(0.4 * reach, light.x), iris_y - 0.4 * reach
    glint = at.coverage(ellipse(at, glint_x, glint_y, 0.3 * reach, 0.3 * reach))
    canvas.paint(at, 0.9 * glint * open_cover, WHITE)


def _bow(along: Plane, roundness: float) -> Plane:
    """1 in the middle, 0 at both ends (below 0 beyond them): a parabola, or blunter."""
    squared = along**2
    return 1 - squared * ((1 - roundness) + roundness * squared)
