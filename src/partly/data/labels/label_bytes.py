"""The bytes of label files of any kind."""

from __future__ import annotations

import io
import struct
from pathlib import Path

from PIL import Image, PngImagePlugin

from partly.data.photos import chunks_of_png, without_side_chunks
from partly.errors import BadLabel

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
        chunks = chunks_of_png(io.BytesIO(data))
        # Text and profiles say nothing of labels; damaged or too large, they would be in the way.
        if chunks is not None:
            data = without_side_chunks(chunks).read()
        # Only the verifier minds checksums. Image.open would warn of sizes, which have just been checked.
        PngImagePlugin.PngImageFile(io.BytesIO(data)).verify()
        image = PngImagePlugin.PngImageFile(io.BytesIO(data))
        image.load()
    # Decoders given damaged files raise nearly anything: SyntaxError, struct.error, IndexError, OSError...
    except Exception as error:
        raise ValueError(f"damaged ({str(error) or type(error).__name__})") from error
    return image


def read_label_file(path: Path, expected: str = "a label file") -> bytes:
    """The content of a file with labels.

    Raises:
        BadLabel: it is missing, or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadLabel(
            "no such file" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})",
            expected=expected,
            path=path,
        ) from error
