"""Frames of objects drawn over a photo, each with its number."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from partly.data.photos import Pixels
from partly.inference.segment.segmentation import FoundObject

_LIGHT, _DARK = (255, 255, 255), (0, 0, 0)
_LEAST_FONT_PX, _MOST_FONT_PX = 9.0, 200.0


def with_frames(pixels: Pixels, objects: Iterable[FoundObject]) -> Pixels:
    """The photo uint8 ``[h, w, 3]`` with each object's frame as a thin square, and its number at a corner.

    Lines are white within black ones, and numbers white on black: they can be read on any ground. The side
    that is up where the object stands upright is thicker.
    """
    image = Image.fromarray(np.ascontiguousarray(pixels))
    draw = ImageDraw.Draw(image)
    line_px = max(1, round(max(image.size) / 700))
    # The surest come last, over the others.
    ordered = sorted(objects, key=lambda one: one.number, reverse=True)
    for one in ordered:
        _draw_frame(draw, one, line_px)
    for one in ordered:
        _draw_number(draw, one, image.size)
    return np.asarray(image)


def _draw_frame(draw: ImageDraw.ImageDraw, one: FoundObject, line_px: int) -> None:
    corners = one.frame.corners()
    ring, upper = [*corners, corners[0], corners[1]], corners[:2]
    draw.line(ring, _DARK, line_px * 3, joint="curve")
    draw.line(upper, _DARK, line_px * 5)
    draw.line(ring, _LIGHT, line_px, joint="curve")
    draw.line(upper, _LIGHT, line_px * 3)


def _draw_number(draw: ImageDraw.ImageDraw, one: FoundObject, size: tuple[int, int]) -> None:
    """Within the photo."""
    size_px = _font_px(one, size)
    font = ImageFont.load_default(size_px)
    text, pad = str(one.number), max(1, round(size_px / 6))
    left, top, right, bottom = draw.textbbox((0, 0), text, font)
    width, height = right - left + 2 * pad, bottom - top + 2 * pad
    x, y = _number_centre(one, width, height)
    x = min(max(0, x - width / 2), max(0, size[0] - width))
    y = min(max(0, y - height / 2), max(0, size[1] - height))
    draw.rectangle((x, y, x + width, y + height), _DARK)
    draw.text((x + pad - left, y + pad - top), text, _LIGHT, font)


def _number_centre(one: FoundObject, width: float, height: float) -> tuple[float, float]:
    """In the frame's upper left corner, however that is turned; above a frame that the number would fill."""
    half = one.frame.side_px / 2
    if half < max(width, height):
        return one.frame.x_px, min(y for _, y in one.frame.corners()) - height / 2
    inset = half - math.hypot(width, height) / 2
    return one.frame.to_photo(-inset, -inset)


def _font_px(one: FoundObject, size: tuple[int, int]) -> float:
    """A fortieth of the photo, and no more than a fifth of a small object's frame."""
    wanted = min(max(size) / 40, one.frame.side_px / 5)
    return min(max(wanted, _LEAST_FONT_PX), _MOST_FONT_PX)
