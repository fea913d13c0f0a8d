"""Names of files: which are hidden, and names that every file system takes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_SYSTEM_FOLDERS = frozenset({"__macosx", "@eadir", "$recycle.bin", "system volume information"})
_UNSAFE = re.compile(r"[^\w .()-]")
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # devices of Windows
_MOST_BYTES = 100


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is nobody's work: hidden, or an operating system's own."""
    return name.startswith(".") or name.casefold() in _SYSTEM_FOLDERS


def safe_names(names: Iterable[str]) -> tuple[str, ...]:
    """A name of a file for each text, which every file system takes and no other one has.

    What is no letter, digit, space or one of ``_-.()`` becomes ``_``; so do dots and spaces at both ends.
    Names are in Unicode's composed form, of at most 100 bytes, and differ by more than upper and lower case:
    the second of two gets ``~2``.

    Args:
        names: printable texts.
    """
    taken: set[str] = set()
    return tuple(_free(_safe(name), taken) for name in names)


def _safe(name: str) -> str:
    text = _UNSAFE.sub("_", unicodedata.normalize("NFC", name))
    inner = text.strip(". ")
    start = len(text) - len(text.lstrip(". "))
    text = "_" * start + inner + "_" * (len(text) - len(inner) - start) if inner else "_" * len(text)
    if _RESERVED.match(text):
        text = f"_{text}"
    return text.encode()[:_MOST_BYTES].decode("utf-8", "ignore").rstrip(". ") or "_"


def _free(name: str, taken: set[str]) -> str:
    numbered, n = name, 1
    while numbered.casefold() in taken:
        n += 1
        numbered = f"{name}~{n}"
    taken.add(numbered.casefold())
    return numbered
