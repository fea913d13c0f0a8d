"""Strokes as they are kept: the pixels of a box before and after, compressed, and as JSON."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from partly.data.labels.label_maps import LabelMap

# Label maps are flat, so the quickest level is small enough: a full one of 1024 px takes milliseconds.
_LEVEL = 1


@dataclass(frozen=True)
class StrokeRecord:
    """One stroke: what was in its box, and what is in it since.

    Attributes:
        version: of the part set that the ids belong to.
        x: left column of the box.
        y: upper row of the box.
        width: columns of the box.
        height: rows of the box.
        before: ids before the stroke, compressed.
        after: ids since the stroke, compressed.
    """

    version: int
    x: int
    y: int
    width: int
    height: int
    before: bytes
    after: bytes

    @classmethod
    def of(cls, version: int, x: int, y: int, before: LabelMap, after: LabelMap) -> StrokeRecord:
        """A stroke from label maps of its box, both uint8 [h, w]."""
        height, width = before.shape
        return cls(version, x, y, width, height, packed(before), packed(after))

    @property
    def box(self) -> tuple[slice, slice]:
        """Rows and columns of the box, as an index of the whole label map."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)

    def pixels(self, data: bytes) -> LabelMap:
        """The ids in :attr:`before` or :attr:`after`, uint8 [h, w].

        Raises:
            ValueError: the data is damaged.
        """
        return unpacked(data, (self.height, self.width))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; :meth:`from_json` reads them back."""
        return {
            "kind": "stroke",
            "parts_version": self.version,
            "box": [self.x, self.y, self.width, self.height],
            "before": text_of(self.before),
            "after": text_of(self.after),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any], size: tuple[int, int]) -> StrokeRecord:
        """A stroke on a label map of a size (height, width) from plain JSON values.

        Raises:
            ValueError: the values are no stroke, or its box is not within the label map.
        """
        version, box = value.get("parts_version"), value.get("box")
        if not isinstance(version, int) or not _is_count(version):
            raise ValueError(f"parts_version is {version!r}")
        if not isinstance(box, list) or len(box) != 4 or not all(map(_is_count, box)):
            raise ValueError(f"box is {box!r}")
        x, y, width, height = box
        if not is_within(x, y, (height, width), size):
            raise ValueError(f"box is {box!r} on a label map of {size[1]} x {size[0]} px")
        return cls(version, x, y, width, height, data_of(value.get("before")), data_of(value.get("after")))


def is_within(x: int, y: int, box: tuple[int, ...], size: tuple[int, int]) -> bool:
    """Whether a box (height, width) with its upper left corner at x, y has pixels and lies in a size."""
    return min(box) > 0 <= min(x, y) and y + box[0] <= size[0] and x + box[1] <= size[1]


def packed(label_map: LabelMap) -> bytes:
    """The ids of a label map, compressed."""
    return zlib.compress(label_map.tobytes(), _LEVEL)


def unpacked(data: bytes, size: tuple[int, int]) -> LabelMap:
    """The label map, uint8 [h, w], of compressed ids and a size (height, width).

    Raises:
        ValueError: the data is damaged, or has another size.
    """
    n_pixels = size[0] * size[1]
    stream = zlib.decompressobj()
    try:
        # Never more than one byte too many, whatever the data says.
        pixels = stream.decompress(data, n_pixels + 1)
    except zlib.error as error:
        raise ValueError("pixels that cannot be unpacked") from error
    if not stream.eof or len(pixels) != n_pixels:
        raise ValueError(f"not the pixels of a box of {size[1]} x {size[0]} px")
    return np.frombuffer(pixels, np.uint8).reshape(size)


def text_of(data: bytes) -> str:
    """Bytes as text that JSON can hold."""
    return base64.b64encode(data).decode()


def data_of(text: Any) -> bytes:
    """The bytes of :func:`text_of`.

    Raises:
        ValueError: it is no such text.
    """
    if not isinstance(text, str):
        raise ValueError(f"pixels are {text!r}")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ValueError("pixels are no base64") from error


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0
