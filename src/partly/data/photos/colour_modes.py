"""Any Pillow image to 8-bit RGB pixels: grey, palette, alpha, 16-bit, float, CMYK and the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]

_ROWS = 512
_FULL_16_BIT = 65535.0


def rgb_pixels(image: Image.Image) -> Pixels:
    """Pixels of a decoded image.

    - Transparent pixels are composited on white.
    - 16-bit grey maps 0…65535 to 0…255; Pillow itself keeps the upper byte of 16-bit RGB.
    - 32-bit integers map like 16-bit grey when they fit in 0…65535; else their own range is stretched.
    - Floats map 0…1 (or 0…255, when some exceed 1) to 0…255; else their own range is stretched.
      What is not finite becomes black.
    - CMYK and YCbCr go by Pillow's formulas; colour profiles are not applied.

    Returns:
        uint8 ``[h, w, 3]``, contiguous and writable.
    """
    if image.mode.startswith("I;16"):
        return _deep_grey(image, 0.0, _FULL_16_BIT)
    if image.mode in ("I", "F"):
        return _deep_grey(image, *_deep_range(image))
    return _strips(image, _flat_rgb)


def _flat_rgb(strip: Image.Image) -> Pixels:
    if strip.has_transparency_data:
        strip = strip.convert("LA").convert("RGBA") if strip.mode == "La" else strip.convert("RGBA")
        white = Image.new("RGB", strip.size, "white")
        white.paste(strip, mask=strip.getchannel("A"))
        strip = white
    elif strip.mode != "RGB":
        strip = strip.convert("RGB")
    return np.asarray(strip)


def _deep_grey(image: Image.Image, low: float, high: float) -> Pixels:
    scale = 255.0 / (high - low) if high > low else 0.0
    key = image.info.get("transparency")

    def grey(strip: Image.Image) -> NDArray[Any]:
        values = np.nan_to_num(np.asarray(strip, np.float64), nan=low, posinf=low, neginf=low)
        greys = np.rint((values - low) * scale).clip(0, 255)
        if key is not None:
            greys[values == key] = 255
        return greys[..., None]

    return _strips(image, grey)


def _deep_range(image: Image.Image) -> tuple[float, float]:
    """The values that become black and white in an image of mode I or F."""
    low, high = np.inf, -np.inf
    for top in range(0, image.height, _ROWS):
        values = np.asarray(_rows(image, top))
        values = values[np.isfinite(values)]
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    whites = (1.0, 255.0) if image.mode == "F" else (_FULL_16_BIT,)
    for white in whites:
        if low >= 0 and high <= white:
            return 0.0, white
    return (low, high) if low <= high else (0.0, 1.0)


def _strips(image: Image.Image, convert: Callable[[Image.Image], NDArray[Any]]) -> Pixels:
    # In strips: Pillow keeps RGB in four bytes and composites into copies, which adds up for huge photos.
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    for top in range(0, image.height, _ROWS):
        pixels[top : top + _ROWS] = convert(_rows(image, top))
    return pixels


def _rows(image: Image.Image, top: int) -> Image.Image:
    return image.crop((0, top, image.width, min(top + _ROWS, image.height)))
