"""How a person stands before the camera."""

from __future__ import annotations

from dataclasses import dataclass

from partly.data.portraits.face_geometry import Frame, frame_of
from partly.data.portraits.portrait_randomness import Draws

_SHIFT, _ROLL, _SCALE = 0.04, 0.14, 0.08
_YAW, _NOD = 0.034, 0.010
_CENTRE = (0.5, 0.435)
_USUAL_SCALE = 1.16
_BODY_ROLL = 0.3


@dataclass(frozen=True)
class Pose:
    """Where the head is and where it looks; all but the angle in sides of the picture.

    Attributes:
        centre: of the head, between the eyes, from the picture's left upper corner.
        scale: sides of the picture to a unit of all other lengths of a person.
        roll: the head's, clockwise, in radians.
        yaw: how far the features are moved to the right by turning the head.
        nod: how far they are moved down.
    """

    centre: tuple[float, float]
    scale: float
    roll: float
    yaw: float
    nod: float

    def turned(self, x: float, head_width: float, depth: float = 1.0) -> float:
        """Where a point of the face is moved by yaw; those near the head's edge move less.

        Args:
            x: the point's place in a face seen from the front.
            head_width: half the head's width.
            depth: 1 on the face, more for what stands out from it.
        """
        return x + self.yaw * (depth - (x / head_width) ** 2)

    def foreshortening(self, x: float, head_width: float) -> float:
        """How wide something there looks, as a factor: the derivative of :meth:`turned`."""
        return 1 - 2 * self.yaw * x / head_width**2

    def head_frame(self, side_px: int) -> Frame:
        """Coordinates that move with the head."""
        return frame_of(side_px, self.centre, self.scale, self.roll)

    def body_frame(self, side_px: int) -> Frame:
        """Coordinates that move with the shoulders, which roll less than the head."""
        return frame_of(side_px, self.centre, self.scale, _BODY_ROLL * self.roll)


def draw_pose(draws: Draws) -> Pose:
    """Nearly upright and in the middle, as on a passport."""
    return Pose(
        centre=(_CENTRE[0] + draws.near(0, _SHIFT), _CENTRE[1] + draws.near(0, _SHIFT)),
        scale=_USUAL_SCALE * (1 + draws.near(0, _SCALE)),
        roll=draws.near(0, _ROLL),
        yaw=draws.between(-_YAW, _YAW),
        nod=draws.near(0, _NOD),
    )
