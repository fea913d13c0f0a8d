"""Which way up a photo is: what EXIF says of it, in whatever type of number a program wrote it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from partly.data.photos.colour_modes import Pixels

# EXIF orientation -> what makes the photo upright (Exif 2.32, tag 0x0112).
_UPRIGHT: dict[int, Callable[[Pixels], Pixels]] = {
    1: lambda p: p,
    2: np.fliplr,
    3: lambda p: np.rot90(p, 2),
    4: np.flipud,
    5: lambda p: p.swapaxes(0, 1),
    6: lambda p: np.rot90(p, -1),
    7: lambda p: p.swapaxes(0, 1)[::-1, ::-1],
    8: lambda p: np.rot90(p, 1),
}


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Pixels ``[h, w, 3]`` turned as EXIF orientation 1 to 8 says; contiguous."""
    return np.ascontiguousarray(_UPRIGHT[orientation](pixels))


def orientation_of(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; read after decoding, since Pillow turns TIFFs by itself while it does."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, struct.error):
        return 1  # a photo with a damaged EXIF block is still a photo
    return orientation_number(value)


def orientation_number(value: Any) -> int:
    """The orientation that the value of the tag means: 1 where it means none.

    EXIF wants a SHORT; cameras and programs also write a byte, text, a fraction or several numbers.
    """
    if isinstance(value, bytes):
        # Of a number in several bytes, one is not zero, whatever their order.
        value = next((byte for byte in value if byte), 1) if len(value) != 1 else value[0]
        value = value - ord("0") if value > ord("0") else value
    if isinstance(value, tuple | list):
        value = value[0] if value else 1
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return 1
    return int(number) if number in _UPRIGHT else 1
