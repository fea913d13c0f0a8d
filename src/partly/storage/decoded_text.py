"""Text files that people edit, as editors save them: UTF-8 or, with a byte order mark, UTF-16 or UTF-32."""

from __future__ import annotations

import codecs
from pathlib import Path

# UTF-32 first: its mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decoded(data: bytes) -> str:
    """The text of a file, without byte order mark, and with one kind of line end.

    Notepad and PowerShell write such marks, which nobody sees.

    Raises:
        UnicodeDecodeError: it is in another encoding than its mark says or, without a mark, not in UTF-8.
    """
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")


def read_decoded(path: Path) -> str:
    """The text of a file; see :func:`decoded`.

    Raises:
        OSError: it cannot be read.
        UnicodeDecodeError: as for :func:`decoded`.
    """
    return decoded(path.read_bytes())
