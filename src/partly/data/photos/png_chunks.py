"""The chunks of a PNG: those that its pixels need, without the rest, which may be damaged or too large."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_UPRIGHT = b"eXIf"
# Text in which programs write what EXIF says; short as a rule, and only then worth keeping.
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_UPRIGHT_TEXTS = (b"XML:com.adobe.xmp\0", b"Raw profile type exif\0", b"Raw profile type APP1\0")
_MOST_TEXT_BYTES = 100_000


@dataclass(frozen=True)
class PngChunk:
    """One chunk.

    Attributes:
        kind: its four letters.
        whole: all its bytes, with length and checksum.
        is_sound: whether its checksum is right.
    """

    kind: bytes
    whole: bytes
    is_sound: bool

    @property
    def name(self) -> str:
        """Its four letters, as text."""
        return self.kind.decode("ascii", "replace")

    @property
    def is_needed(self) -> bool:
        """Whether pixels depend on it."""
        return self.kind in _PIXELS

    @property
    def is_kept(self) -> bool:
        """Whether pixels depend on it, or which way up they are."""
        if self.is_needed or not self.is_sound:
            return self.is_needed
        is_text = self.kind in _TEXTS and self.whole[8:].startswith(_UPRIGHT_TEXTS)
        return self.kind == _UPRIGHT or (is_text and len(self.whole) <= _MOST_TEXT_BYTES)


def is_png(head: bytes) -> bool:
    """Whether a file that begins so is a PNG."""
    return head.startswith(SIGNATURE)


def chunk_kinds(file: BinaryIO) -> Iterator[bytes]:
    """What each chunk of a PNG is called, without what is in it; up to where the file ends."""
    file.seek(len(SIGNATURE))
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        yield kind
        file.seek(length + 4, io.SEEK_CUR)


def chunks_of_png(file: BinaryIO) -> list[PngChunk] | None:
    """All chunks up to the end; None where the file ends before, or cannot be divided into chunks."""
    n_bytes = file.seek(0, io.SEEK_END)
    at = file.seek(len(SIGNATURE))
    chunks = []
    while True:
        start = file.read(8)
        if len(start) < 8:
            return None
        length, kind = struct.unpack(">I4s", start)
        if not kind.isalpha():
            return None
        at += len(start) + length + 4
        # A damaged length would make room for 4 GB before anything is read.
        if at > n_bytes:
            return None
        rest = file.read(length + 4)
        is_sound = zlib.crc32(rest[:length], zlib.crc32(kind)) == int.from_bytes(rest[length:], "big")
        chunks.append(PngChunk(kind, start + rest, is_sound))
        if kind == b"IEND":
            return chunks


def without_side_chunks(chunks: list[PngChunk]) -> BinaryIO:
    """The PNG with the chunks that decide what is seen, and no other."""
    return io.BytesIO(SIGNATURE + b"".join(chunk.whole for chunk in chunks if chunk.is_kept))


def scale_colour_key(image: Image.Image, file: BinaryIO) -> None:
    """Bring the transparent colour of a PNG to the scale of its decoded pixels.

    The file has it in the depth of the file (PNG specification, 11.3.2); Pillow widens greys of 2 and 4 bits
    to 8, and keeps the upper byte of 16-bit RGB, but leaves the key as it was.
    """
    key = image.info.get("transparency")
    file.seek(len(SIGNATURE) + 16)
    depth = file.read(1)[0]
    if image.mode == "L" and isinstance(key, int) and depth in (2, 4):
        image.info["transparency"] = key * 255 // ((1 << depth) - 1)
    elif image.mode == "RGB" and isinstance(key, tuple) and depth == 16:
        image.info["transparency"] = tuple(value >> 8 for value in key)
