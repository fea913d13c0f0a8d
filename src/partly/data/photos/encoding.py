"""Pictures as image files: PNG and JPEG bytes, files, data URIs and thumbnails."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from partly.data.photos.colour_modes import Pixels
from partly.storage import write_bytes

JPEG_MAX_SIDE_PX = 65_500
"""The longest side that libjpeg encodes."""


def encode_png(pixels: Pixels | NDArray[np.uint16]) -> bytes:
    """PNG bytes of uint8 ``[h, w, 3]``, ``[h, w, 4]`` or ``[h, w]``, or of uint16 ``[h, w]``."""
    buffer = io.BytesIO()
    _image(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def encode_jpeg(pixels: Pixels, quality: int = 90) -> bytes:
    """JPEG bytes of uint8 ``[h, w, 3]`` or ``[h, w]``, no side longer than 65,500 px; quality 1 to 95."""
    buffer = io.BytesIO()
    _image(pixels).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def write_png(path: str | Path, pixels: Pixels | NDArray[np.uint16]) -> None:
    """Write a PNG atomically."""
    write_bytes(Path(path), encode_png(pixels))


def write_jpeg(path: str | Path, pixels: Pixels, quality: int = 90) -> None:
    """Write a JPEG atomically."""
    write_bytes(Path(path), encode_jpeg(pixels, quality))


def png_data_uri(pixels: Pixels) -> str:
    """``data:image/png;base64,…`` for self-contained HTML."""
    return "data:image/png;base64," + base64.b64encode(encode_png(pixels)).decode("ascii")


def jpeg_data_uri(pixels: Pixels, quality: int = 85) -> str:
    """``data:image/jpeg;base64,…`` for self-contained HTML."""
    return "data:image/jpeg;base64," + base64.b64encode(encode_jpeg(pixels, quality)).decode("ascii")


def resize_pixels(pixels: Pixels, width_px: int, height_px: int) -> Pixels:
    """Antialiased bilinear resize of uint8 ``[h, w, 3]`` to ``[height_px, width_px, 3]``."""
    if pixels.shape[:2] == (height_px, width_px):
        return pixels
    return np.array(_image(pixels).resize((width_px, height_px), Image.Resampling.BILINEAR))


def thumbnail(pixels: Pixels, max_side_px: int) -> Pixels:
    """Shrink so that the longer side is at most ``max_side_px``; aspect ratio kept, never enlarged."""
    height, width = pixels.shape[:2]
    scale = max_side_px / max(height, width)
    if scale >= 1:
        return pixels
    return resize_pixels(pixels, max(1, round(width * scale)), max(1, round(height * scale)))


def _image(pixels: Pixels | NDArray[np.uint16]) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(pixels))
