"""PNG data to Pillow images, defensively: label files come from anywhere."""

from __future__ import annotations

import io
import struct

from PIL import Image, PngImagePlugin

MAX_PIXELS = 200_000_000
"""Larger label maps are refused before memory is asked for."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def decode_png(data: bytes) -> Image.Image:
    """A decoded PNG.

    Raises:
        ValueError: the data is no PNG, damaged, or too large.
    """
    if not data.startswith(_SIGNATURE):
        raise ValueError("no PNG file")
    if len(data) < 24:
        raise ValueError("truncated")
    width, height = struct.unpack(">II", data[16:24])
    if width * height > MAX_PIXELS:
        raise ValueError(f"{width} x {height} px, more than {MAX_PIXELS} pixels")
    try:
        # Only the verifier minds checksums. Image.open would warn of sizes, which have just been checked.
        PngImagePlugin.PngImageFile(io.BytesIO(data)).verify()
        image = PngImagePlugin.PngImageFile(io.BytesIO(data))
        image.load()
    # Decoders given damaged files raise nearly anything: SyntaxError, struct.error, IndexError, OSError...
    except Exception as error:
        raise ValueError(f"damaged ({str(error) or type(error).__name__})") from error
    return image
