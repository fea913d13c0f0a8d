"""An image that Pillow has opened, to upright pixels; all that goes wrong on the way is a BadPhoto."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from PIL import Image

from partly.data.photos.colour_modes import Pixels, rgb_pixels
from partly.data.photos.orientation import orientation_of, upright
from partly.data.photos.photo_refusals import beyond_memory, damaged, too_large
from partly.data.photos.png_chunks import scale_colour_key
from partly.data.photos.strict_pillow import strict_quiet_pillow
from partly.errors import BadPhoto

PixelsRead = tuple[Pixels, tuple[str, ...]]
"""Pixels, and what was mended on reading."""


def head_of(file: BinaryIO, path: Path) -> bytes:
    """The first 32 bytes of a photo's file.

    Raises:
        BadPhoto: it is empty, or cannot be read.
    """
    try:
        file.seek(0)
        head = file.read(32)
    except OSError as error:
        raise BadPhoto(f"cannot be read ({error.strerror or error})", path=path) from error
    if not head:
        raise BadPhoto("is empty", expected="an image file", path=path)
    return head


def decoded(image: Image.Image, path: Path, max_pixels: int, file: BinaryIO | None = None) -> Pixels:
    """Upright pixels uint8 ``[h, w, 3]``.

    Args:
        image: opened, at the page or frame that is meant.
        path: where it is, for errors.
        max_pixels: a larger one is refused.
        file: its file: a PNG's checksums are looked at, too.

    Raises:
        BadPhoto: it is too large, or damaged.
    """
    if image.width * image.height > max_pixels:
        raise too_large(image.width, image.height, max_pixels, path)
    try:
        with strict_quiet_pillow():
            if file is not None and image.format == "PNG":
                # Pillow's decoder ignores PNG checksums and a missing end; its verifier does not.
                image.verify()
                image = Image.open(file, formats=("PNG",))
                scale_colour_key(image, file)
            image.load()
            return upright(rgb_pixels(image), orientation_of(image))
    except MemoryError as error:
        raise beyond_memory(image.width, image.height, path) from error
    # Decoders given damaged files raise nearly anything: SyntaxError, struct.error, IndexError, OSError...
    except Exception as error:
        raise damaged(error, path) from error
