"""Names in zips: as they were meant, where programs wrote them without saying in which encoding."""

from __future__ import annotations

import struct
import zipfile
import zlib

_IS_UTF8 = 0x800  # general purpose bit 11 (APPNOTE.TXT, appendix D)
_UNICODE_PATH = 0x7075  # APPNOTE.TXT 4.6.9
_ZIP_ENCODING = "cp437"


def meant_name(member: zipfile.ZipInfo) -> tuple[str, bool]:
    """The name that a member was meant to have, and whether that is sure.

    Without the flag for UTF-8, a name is code page 437 by the book. What is valid UTF-8 all the same is
    practically never meant otherwise (macOS writes it so); what is neither ASCII nor UTF-8 stays as the book
    has it, and may be of any code page.
    """
    read = member.orig_filename.split("\0")[0]
    if read.isascii() or member.flag_bits & _IS_UTF8:
        return member.filename, True
    written = read.encode(_ZIP_ENCODING)
    beside = _unicode_path(member.extra, written)
    if beside is not None:
        return beside, True
    try:
        return written.decode("utf-8"), True
    except UnicodeDecodeError:
        return member.filename, False


def _unicode_path(extra: bytes, written: bytes) -> str | None:
    """The name in UTF-8 that Info-ZIP keeps beside the other; None where there is none, or it is stale."""
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        field, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind != _UNICODE_PATH or len(field) < 6 or field[0] != 1:
            continue
        if struct.unpack("<I", field[1:5])[0] == zlib.crc32(written):
            try:
                return field[5:].decode("utf-8")
            except UnicodeDecodeError:
                return None
    return None
