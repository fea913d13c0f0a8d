"""JPEGs without their end marker: whether all pixels are there all the same.

A decoder that runs out of bytes makes the missing blocks up, of whatever it finds. So the file is given
several endings: where the pixels are the same with each, none was made up. (ISO/IEC 10918-1, annex B.)
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
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
_SCAN = 0xDA
_SCAN_START = b"\xff\xda"
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
    if bare.endswith(_END) or not _has_all_scans(body):
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
    content = file.read()
    return _END not in content[content.rfind(_SCAN_START) :]


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


def _has_all_scans(content: bytes) -> bool:
    """Whether each bit of each coefficient of each colour has its scan, the last one perhaps cut off."""
    missing: dict[int, frozenset[int]] = {}
    is_progressive = False
    at = 2
    while 0 <= at < len(content) - 3:
        if content[at] != 0xFF:
            return False
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        segment = content[at + 4 : at + 2 + length]
        if len(segment) != length - 2:
            return False
        at += 2 + length
        if marker in _FRAMES and len(segment) > 5:
            is_progressive = marker in _PROGRESSIVE
            missing = dict.fromkeys(segment[6::3][: segment[5]], _ALL)
        elif marker == _SCAN and segment:
            _take_scan(segment, missing, is_progressive)
            found = _NEXT_MARKER.search(content, at)
            at = found.start() if found else -1
    return bool(missing) and not any(missing.values())


def _take_scan(segment: bytes, missing: dict[int, frozenset[int]], is_progressive: bool) -> None:
    """Take away what one scan completes."""
    n = segment[0]
    colours, rest = segment[1 : 1 + 2 * n : 2], segment[1 + 2 * n :]
    first, last, bits = (rest[0], rest[1], rest[2] & 15) if is_progressive and len(rest) > 2 else (0, 63, 0)
    if bits == 0:
        for colour in colours:
            missing[colour] = missing.get(colour, _ALL) - frozenset(range(first, last + 1))
