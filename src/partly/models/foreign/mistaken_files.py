"""What people have in place of a checkpoint: what a server sent instead of it, or what it is packed in.

All are told by their first bytes, with a word on how to get the checkpoint itself.
"""

from __future__ import annotations

import re
from pathlib import Path

from partly.errors import BadModelFile

HEAD_LENGTH = 512
"""How many bytes of a file are looked at."""
_BROWSER = (
    "Open the address in a browser and download the file there: large files of Google Drive ask first, and "
    "others want you to log in or to agree"
)
_POINTER = "Fetch the file itself with git lfs pull, or download it from its page"
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"(\xb5/\xfd": "zstd",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!": "RAR",
}
_OTHERS = {
    b"\x89HDF\r\n": "HDF5, as Keras writes it",
    b"\x93NUMPY": "NumPy, one array",
    b"%PDF": "PDF",
    b"\x89PNG": "PNG, a picture",
    b"\xff\xd8\xff": "JPEG, a picture",
    b"GGUF": "GGUF",
}
_PAGE = re.compile(r"<(!doctype html|html|head|body|meta|script|title)\b", re.IGNORECASE)
_N_SHOWN = 60
_MARK, _MOST_CUT, _LEAST = b"\xef\xbb\xbf", 3, 4


def mistaken(head: bytes, path: Path) -> BadModelFile | None:
    """The error of a file that is plainly something else; None of one that is not known.

    Args:
        head: the first bytes of the file.
        path: the file.
    """
    if not head.strip(b"\0"):
        found = "holds nothing but zeros, at least at its beginning" if head else "is empty"
        return _error(found, "Its download was broken off: download it again", path)
    for mark, name in _PACKED.items():
        if head.startswith(mark):
            return _error(f"is packed with {name}", "Unpack it first", path)
    if head[257:262] == b"ustar":
        return _error("is a tar, a folder in one file", "Unpack it first, and give the file in it", path)
    for mark, name in _OTHERS.items():
        if head.startswith(mark):
            return _error(f"is a file of {name}, not the checkpoint", "Take the checkpoint itself", path)
    text = _text(head)
    return None if text is None else _mistaken_text(text, path)


def _mistaken_text(text: str, path: Path) -> BadModelFile:
    shown = " ".join(text.split())
    shown = shown if len(shown) <= _N_SHOWN else f"{shown[:_N_SHOWN]}…"
    if re.match(r"version https?://\S*(git-lfs|hawser)", text):
        return _error("is a Git LFS pointer, a few lines that stand for the file itself", _POINTER, path)
    if "/annex/objects/" in text:
        pointer = "is a git-annex pointer, a line that stands for the file itself"
        return _error(pointer, "Fetch the file itself with git annex get", path)
    if _PAGE.search(text):
        return _error("is a web page, not the checkpoint", _BROWSER, path)
    if text.startswith("<"):
        return _error(f"is XML, not the checkpoint: {shown}", _BROWSER, path)
    if re.match(r'[{\[]\s*["{\[}\]]', text):
        kind = "a server's message in JSON" if re.search(r'"(error|message|detail|status)', text) else "JSON"
        return _error(f"is {kind}, not the checkpoint: {shown}", _BROWSER, path)
    return _error(f"is text, not the checkpoint: {shown}", _BROWSER, path)


def _text(head: bytes) -> str | None:
    """The beginning of a file as text, in whatever encoding; None where it is none."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = head.decode("utf-16", errors="ignore").strip()
    elif head.removeprefix(_MARK).lstrip().startswith((b"<", b"{", b"[")):
        # Pages in older encodings are told by their tags, whatever else is in them.
        text = head.removeprefix(_MARK).decode("utf-8", errors="replace").strip()
    else:
        text = head.removeprefix(_MARK).decode("utf-8", errors="ignore").strip()
        # What was cut within a character is left out.
        if len(head) - len(head.decode("utf-8", errors="ignore").encode()) > _MOST_CUT:
            return None
    return text if len(text) >= _LEAST and "".join(text.split()).isprintable() else None


def _error(found: str, remedy: str, path: Path) -> BadModelFile:
    return BadModelFile(
        found, expected="a file of torch.save, a safetensors file, or a pickle", remedy=remedy, path=path
    )
