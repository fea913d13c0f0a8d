"""IDX, the format of MNIST: many grey photos in one file, with or without gzip.

LeCun, Cortes and Burges, "The MNIST database of handwritten digits": a head of big-endian numbers (0, 0,
type 8, three dimensions; photos, rows, columns), then a byte for each pixel; of labels, one dimension, then a
byte for each label.
"""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from partly.data.photos.colour_modes import Pixels
from partly.data.photos.encoding import encode_png
from partly.data.photos.photo import MAX_PIXELS, Photo, open_file
from partly.data.photos.photo_location import PhotoSource
from partly.errors import BadArchive, BadLabel, counted

_HEAD = b"\x00\x00\x08\x03"
_LABELS_HEAD = b"\x00\x00\x08\x01"
_GZIP = b"\x1f\x8b"
_MAX_BYTES = 1 << 31
_PIECE_BYTES = 1 << 24
_MOST_LABEL_BYTES = 1 << 28


@dataclass(frozen=True)
class IdxPhoto(PhotoSource):
    """One photo of an IDX file.

    Attributes:
        index: its place in the file.
        photos: all of the file, uint8 ``[n, h, w]``.
    """

    index: int = 0
    photos: NDArray[np.uint8] | None = None

    def open(self) -> BinaryIO:
        """The photo as a PNG."""
        return io.BytesIO(encode_png(self._pixels()))

    def read(self, max_pixels: int = MAX_PIXELS, *, at_least_px: int | None = None) -> Photo:
        """The photo, grey in all three colours; all are of one size, which was looked at before."""
        del max_pixels, at_least_px
        return Photo(self.name, self._pixels())

    def _pixels(self) -> Pixels:
        assert self.photos is not None
        return np.repeat(self.photos[self.index][:, :, None], 3, axis=2)


def is_idx(path: Path) -> bool:
    """Whether a file is of this format: three dimensions of bytes, perhaps behind gzip."""
    with open_file(path) as file:
        start = file.read(4)
        if start[:2] != _GZIP:
            return start == _HEAD
        file.seek(0)
        try:
            return gzip.GzipFile(fileobj=file).read(4) == _HEAD
        except (OSError, EOFError, zlib.error):
            return False


def idx_photos(path: Path) -> list[PhotoSource]:
    """The photos of an IDX file, named by their places.

    Raises:
        BadArchive: it is damaged, cut off, or unpacks to more than 2 GiB, or its photos have no height, no
            width, or too much of both.
    """
    with open_file(path) as raw:
        is_packed = raw.read(2) == _GZIP
        raw.seek(0)
        try:
            shape, content = _shape_and_pixels(gzip.GzipFile(fileobj=raw) if is_packed else raw, path)
        except (OSError, EOFError, zlib.error) as error:
            raise BadArchive(f"cannot be unpacked ({error})", remedy="Copy it again", path=path) from error
        except MemoryError as error:
            raise BadArchive("does not fit in memory", remedy="Split it", path=path) from error
    photos = np.frombuffer(content, np.uint8).reshape(shape)
    digits = len(str(max(0, len(photos) - 1)))
    return [
        IdxPhoto(f"{index:0{digits}}.png", path, index=index, photos=photos) for index in range(len(photos))
    ]


def _shape_and_pixels(file: BinaryIO | gzip.GzipFile, path: Path) -> tuple[tuple[int, int, int], bytearray]:
    """Number, height and width of the photos, and their bytes; no more is read than the head promises.

    Raises:
        BadArchive: there are fewer bytes, or more, or the photos have no pixels or too many.
    """
    head = file.read(16)
    if len(head) < 16:
        raise BadArchive("is cut off", expected="a head of 16 bytes", remedy="Copy it again", path=path)
    n, height, width = struct.unpack(">3I", head[4:])
    n_bytes = n * height * width
    if (n and not 0 < height * width <= MAX_PIXELS) or n_bytes > _MAX_BYTES:
        raise BadArchive(
            f"holds {counted(n, 'photo')} of {width} x {height} pixels",
            expected=f"1 to {MAX_PIXELS} pixels a photo, and at most {_MAX_BYTES} in all",
            remedy="Make it again",
            path=path,
        )
    content = _read_at_most(file, n_bytes + 1)
    if len(content) != n_bytes:
        more = " or more" if len(content) > n_bytes else ""
        raise BadArchive(
            f"has {len(content)} bytes{more} of pixels",
            expected=f"{n_bytes}: {n} photos of {width} x {height}",
            remedy="Copy it again",
            path=path,
        )
    return (n, height, width), content


def _read_at_most(file: BinaryIO | gzip.GzipFile, n_bytes: int) -> bytearray:
    """Piece by piece: a reader makes room for all that it is asked for, whatever the file holds."""
    content = bytearray()
    while len(content) < n_bytes and (piece := file.read(min(_PIECE_BYTES, n_bytes - len(content)))):
        content += piece
    return content


def is_idx_labels(content: bytes) -> bool:
    """Whether a file's content is a row of labels in this format, perhaps behind gzip."""
    if content[:2] != _GZIP:
        return content[:4] == _LABELS_HEAD
    try:
        return gzip.GzipFile(fileobj=io.BytesIO(content)).read(4) == _LABELS_HEAD
    except (OSError, EOFError, zlib.error):
        return False


def idx_labels(content: bytes, path: Path) -> NDArray[np.uint8]:
    """The labels of an IDX file, ``[n]``.

    Args:
        content: of the file, perhaps behind gzip.
        path: the file, for errors.

    Raises:
        BadLabel: it is damaged, or cut off.
    """
    if content[:2] == _GZIP:
        try:
            content = bytes(_read_at_most(gzip.GzipFile(fileobj=io.BytesIO(content)), _MOST_LABEL_BYTES))
        except (OSError, EOFError, zlib.error) as error:
            raise BadLabel(f"cannot be unpacked ({error})", remedy="Copy it again", path=path) from error
    n = struct.unpack(">I", content[4:8])[0] if len(content) >= 8 else None
    if n != len(content) - 8:
        raise BadLabel(
            f"has {max(0, len(content) - 8)} labels",
            expected="a head of 8 bytes" if n is None else f"{n}, as its head says",
            remedy="Copy it again",
            path=path,
        )
    return np.frombuffer(content, np.uint8, offset=8)
