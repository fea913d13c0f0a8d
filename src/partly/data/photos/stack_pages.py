"""Which pages of a TIFF, or frames of a GIF, APNG or WebP, are photos; nothing is decoded for that."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import BinaryIO, Literal

from PIL import Image

from partly.data.photos.png_chunks import SIGNATURE, chunk_kinds
from partly.data.photos.strict_pillow import strict_quiet_pillow
from partly.data.photos.tiff_pages import is_tiff, page_offset, tiff_photo_numbers

STACK_SUFFIXES = frozenset({".tif", ".tiff", ".gif", ".png", ".apng", ".webp"})
"""What files are called that may hold several photos."""

START_BYTES = 1 << 16
"""So much of a file's start tells whether it may."""

_GIF = (b"GIF87a", b"GIF89a")
_ANIMATED = 2  # flag in a WebP's VP8X chunk


@dataclass(frozen=True)
class StackPages:
    """The photos of a file that holds several.

    Attributes:
        numbers: of the pages or frames that are photos, as the file has them, from 1.
        first: the one that is meant where the file is read as one photo.
        n_more: pages or frames behind these, where there are more than were asked for.
        kind: what the file calls them.
        is_cut: pages behind these are damaged.
    """

    numbers: tuple[int, ...]
    first: int
    n_more: int = 0
    kind: Literal["page", "frame"] = "page"
    is_cut: bool = False


def may_be_stack(start: bytes) -> bool:
    """Whether a file that begins with these bytes, ``START_BYTES`` of them, may hold several photos."""
    if start.startswith(SIGNATURE):
        return _has_animation(start)
    return is_tiff(start) or start.startswith(_GIF) or _is_animated_webp(start)


def stack_pages(file: BinaryIO, most: int) -> StackPages | None:
    """The photos of a file; None where it holds only one, or so little sense that reading it will tell.

    Args:
        file: open, and such that it may hold several.
        most: no more are looked for.
    """
    try:
        file.seek(0)
        start = file.read(len(SIGNATURE))
        with strict_quiet_pillow():
            return _tiff_stack(file, most) if is_tiff(start) else _frames(file, most)
    # Damaged files raise nearly anything.
    except Exception:  # noqa: BLE001
        return None


def _tiff_stack(file: BinaryIO, most: int) -> StackPages | None:
    if not page_offset(file):
        return None
    # One more than is taken tells whether what follows is more than small copies.
    found = tiff_photo_numbers(file, most + 1)
    if len(found.numbers) < 2:
        return None
    taken = found.numbers[:most]
    n_more = found.n_pages - taken[-1] if len(found.numbers) > most else 0
    return StackPages(taken, found.first, n_more, is_cut=found.is_cut)


def _frames(file: BinaryIO, most: int) -> StackPages | None:
    file.seek(0)
    with Image.open(file, formats=("GIF", "PNG", "WEBP")) as image:
        n = int(getattr(image, "n_frames", 1))
        if image.format == "PNG":
            # The file may promise any number.
            n = min(n, sum(kind == b"fcTL" for kind in chunk_kinds(file)) + 1)
    if n < 2:
        return None
    return StackPages(tuple(range(1, min(n, most) + 1)), 1, max(0, n - most), "frame")


def _has_animation(start: bytes) -> bool:
    """Whether a PNG's chunk acTL stands in its start, before the pixels of its first image."""
    telling = (kind for kind in chunk_kinds(io.BytesIO(start)) if kind in (b"acTL", b"IDAT"))
    return next(telling, None) == b"acTL"


def _is_animated_webp(start: bytes) -> bool:
    is_extended = start[:4] == b"RIFF" and start[8:16] == b"WEBPVP8X" and len(start) > 20
    return is_extended and bool(start[20] & _ANIMATED)
