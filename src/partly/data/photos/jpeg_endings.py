"""JPEGs without their end marker: whether all pixels are there all the same.

A decoder that runs out of bytes makes the missing blocks up, of whatever it finds. So the file is given
several endings: where the pixels are the same with each, none was made up. (ISO/IEC 10918-1, annex B.)
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np

from partly.data.photos.colour_modes import Pixels
from partly.data.photos.photo_refusals import DamagedPhoto

_START, _END = b"\xff\xd8", b"\xff\xd9"
# What stands before the end marker; nothing of it looks like a marker.
_ENDINGS = (b"", b"\xaa" * 64, bytes(range(1, 97)), b"\x36\xd5\x6b" * 21)
_MOST_ZEROS = 4  # that may end a scan by chance
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = (0xC2, 0xC6, 0xCA, 0xCE)
_SCAN, _LAST = 0xDA, 0xD9
_ALL = frozenset(range(64))


def is_jpeg(head: bytes) -> bool:
    """Whether a file that begins so is a JPEG."""
    return head.startswith(_START)


def pixels_before_end(file: BinaryIO, decode: Callable[[BinaryIO], Pixels]) -> Pixels | None:
    """Pixels of a JPEG that lacks its end marker and nothing else; None where anything else is missing.

    Args:
        file: the JPEG.
        decode: makes pixels of a whole one, and raises a DamagedPhoto of others.
    """
    file.seek(0)
    content = file.read()
    bare = content.rstrip(b"\0")
    n_zeros = len(content) - len(bare)
    # A byte 255 of a scan has a 0 behind it; alone, it is the first half of the end marker.
    body = content[:-1] if content.endswith(b"\xff") else content
    if not _lacks_only_its_end(body):
        return None
    if n_zeros <= _MOST_ZEROS:
        return _certain(body, decode)
    # Zeros were put behind it, or stand in place of what is missing, or are how it says that all is flat. Of
    # the last, none is too many.
    pixels = _certain(bare + b"\0", decode)
    if pixels is None and _certain(body[:-2], decode) is None:
        pixels = _certain(body, decode)
    return pixels


def is_padded(file: BinaryIO) -> bool:
    """Whether a JPEG ends with zeros in place of its end marker: a decoder may take them for pixels."""
    file.seek(0, 2)
    file.seek(max(0, file.tell() - _MOST_ZEROS - 1))
    if any(file.read()):
        return False
    file.seek(0)
    # What stands behind the marker, such as a film, may be or hold anything.
    return all(marker != _LAST for marker, _ in _segments(file.read()))


def _certain(body: bytes, decode: Callable[[BinaryIO], Pixels]) -> Pixels | None:
    """Pixels, if they do not depend on the ending."""
    pixels = None
    for ending in _ENDINGS:
        try:
            seen = decode(io.BytesIO(body + ending + _END))
        except DamagedPhoto:
            return None
        if pixels is not None and not np.array_equal(pixels, seen):
            return None
        pixels = seen
    return pixels


def _lacks_only_its_end(content: bytes) -> bool:
    """Whether each bit of each coefficient of each colour has its scan, the last one perhaps cut off."""
    missing: dict[int, frozenset[int]] = {}
    is_progressive = False
    for marker, segment in _segments(content):
        if marker == _LAST or segment is None:
            return False
        if marker in _FRAMES and len(segment) > 5:
            is_progressive = marker in _PROGRESSIVE
            missing = dict.fromkeys(segment[6::3][: segment[5]], _ALL)
        elif marker == _SCAN and segment:
            _take_scan(segment, missing, is_progressive)
    return bool(missing) and not any(missing.values())


def _segments(content: bytes) -> Iterator[tuple[int, bytes | None]]:
    """Markers up to the end marker, each with its segment, without the scans; None where it is cut off."""
    found = _NEXT_MARKER.search(content, len(_START))
    while found:
        marker, at = content[found.start() + 1], found.end()
        if marker == _LAST:
            yield marker, b""
            return
        length = int.from_bytes(content[at : at + 2], "big")
        segment = content[at + 2 : at + length]
        yield marker, segment if length >= 2 and len(segment) == length - 2 else None
        # A scan follows only its own marker; what else stands between segments is no matter.
        found = _NEXT_MARKER.search(content, at + length)


def _take_scan(segment: bytes, missing: dict[int, frozenset[int]], is_progressive: bool) -> None:
    """Take away what one scan completes."""
    n = segment[0]
    colours, rest = segment[1 : 1 + 2 * n : 2], segment[1 + 2 * n :]
    first, last, bits = (rest[0], rest[1], rest[2] & 15) if is_progressive and len(rest) > 2 else (0, 63, 0)
    if bits == 0:
        for colour in colours:
            missing[colour] = missing.get(colour, _ALL) - frozenset(range(first, last + 1))
