"""Images as the page gets them, of which small ones are kept in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from partly.data.photos import Pixels, encode_jpeg, thumbnail
from partly.errors import BadOption

_MOST_SMALL_PX = 1024
_LEAST_SMALL_PX = 16
_N_KEPT = 512


@dataclass(frozen=True)
class Image:
    """An image file in memory.

    Attributes:
        data: the file.
        media_type: what it is.
        tag: another one means another image.
    """

    data: bytes
    media_type: str
    tag: str


def check_small(size_px: int) -> None:
    """Refuse a size that a small image cannot have.

    Raises:
        BadOption: it is one.
    """
    if not _LEAST_SMALL_PX <= size_px <= _MOST_SMALL_PX:
        raise BadOption(f"the size is {size_px}", expected=f"{_LEAST_SMALL_PX} to {_MOST_SMALL_PX}")


class SmallImages:
    """Small images as JPEG, made one at a time; the last few hundred are kept."""

    def __init__(self) -> None:
        self._making = threading.Lock()
        self._kept: dict[str, Image] = {}

    def get(self, tag: str, size_px: int, pixels: Callable[[], Pixels]) -> Image:
        """A small image.

        Args:
            tag: of the whole one.
            size_px: the longer side of the small one; a smaller image stays as it is.
            pixels: gives the whole one, uint8 ``[h, w, 3]``, where it is not known yet.

        Raises:
            BadOption: a size that a small image cannot have.
        """
        check_small(size_px)
        own = f"{tag}-{size_px}"
        with self._making:
            if own not in self._kept:
                made = Image(encode_jpeg(thumbnail(pixels(), size_px), quality=88), "image/jpeg", own)
                while len(self._kept) >= _N_KEPT:
                    del self._kept[next(iter(self._kept))]
                self._kept[own] = made
            return self._kept[own]
