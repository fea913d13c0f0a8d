"""The frame of an object in a photo: where, how large and at which angle it stands."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from partly.data.photos import Pixels


@dataclass(frozen=True)
class Frame:
    """The square of a photo that shows an object as the pictures that were learned from show theirs.

    It may reach beyond the photo, where the photo cuts the object.

    Attributes:
        x_px: of the centre, from the photo's left edge.
        y_px: of the centre, from the photo's upper edge.
        side_px: of the square.
        angle_deg: by which the object is turned counter-clockwise, -180 to 180; 0 stands upright.
    """

    x_px: float
    y_px: float
    side_px: float
    angle_deg: float = 0.0

    def corners(self) -> list[tuple[float, float]]:
        """The four corners (x, y): those of the upright object from upper left on, clockwise."""
        half = self.side_px / 2
        return [self.to_photo(x, y) for x, y in ((-half, -half), (half, -half), (half, half), (-half, half))]

    def to_photo(self, right_px: float, down_px: float) -> tuple[float, float]:
        """Where a point is in the photo that is so far right of the upright object's centre, and below it."""
        angle = math.radians(self.angle_deg)
        cosine, sine = math.cos(angle), math.sin(angle)
        return (
            self.x_px + cosine * right_px + sine * down_px,
            self.y_px - sine * right_px + cosine * down_px,
        )


def wrapped_deg(angle_deg: float) -> float:
    """The same angle from -180 to below 180."""
    return (angle_deg + 180) % 360 - 180


def seen_in(pixels: Pixels, frame: Frame, size_px: int) -> Pixels:
    """What a frame shows, turned upright, uint8 ``[size_px, size_px, 3]``; beyond the photo its edges repeat.

    Args:
        pixels: the photo, uint8 ``[h, w, 3]``.
        frame: of an object.
        size_px: side of the result.
    """
    height, width = pixels.shape[:2]
    xs, ys = zip(*frame.corners(), strict=True)
    margin = max(2.0, frame.side_px / size_px)
    left, upper = (math.floor(min(values) - margin) for values in (xs, ys))
    right, lower = (math.ceil(max(values) + margin) for values in (xs, ys))
    shrink = max(1, int(frame.side_px / size_px))
    columns = np.arange(left, right).clip(0, width - 1)
    rows = np.arange(upper, lower).clip(0, height - 1)
    if columns[0] == left and columns[-1] == right - 1 and rows[0] == upper and rows[-1] == lower - 1:
        around = np.ascontiguousarray(pixels[upper:lower, left:right])
    else:
        around = pixels[rows[:, None], columns]
    picture = Image.fromarray(around).reduce(shrink) if shrink > 1 else Image.fromarray(around)
    angle = math.radians(frame.angle_deg)
    step = frame.side_px / size_px / shrink
    cosine, sine = math.cos(angle) * step, math.sin(angle) * step
    x, y = (frame.x_px - left) / shrink, (frame.y_px - upper) / shrink
    half = size_px / 2
    matrix = (cosine, sine, x - cosine * half - sine * half, -sine, cosine, y + sine * half - cosine * half)
    turned = picture.transform(
        (size_px, size_px), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fill=False
    )
    return np.asarray(turned)
