"""Files written atomically: after an error, or a kill, a file is what it was before."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from partly.storage.parsed_text import parsed_json

_CHUNK_BYTES = 1 << 20
_OLD_S = 3600.0
_asking_umask = threading.Lock()
_MOST_LETTERS = 30  # of a target's name in that of its temporary file; 120 bytes at most


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """A temporary path beside ``target`` that becomes ``target`` when the block ends without an error.

    After an error, or a kill, ``target`` is what it was before.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    # The disk may hold no longer name than the target's own.
    begins = target.name[:_MOST_LETTERS]
    handle, name = tempfile.mkstemp(prefix=f".{begins}.", suffix=".part", dir=target.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        # mkstemp makes files private; what is kept gets the rights that the user's umask gives.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


@cache
def _umask() -> int:
    """The rights that new files of the user do not get.

    Asking sets others for a moment, in which another thread might make a folder: so it is asked once.
    """
    with _asking_umask:
        umask = os.umask(0o022)
        os.umask(umask)
    return umask


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary files in a folder that killed processes left: those not written to for an hour.

    Younger ones may belong to another process that is still at work.
    """
    for path in folder.rglob(".*.part"):
        try:
            if time.time() - path.stat().st_mtime > _OLD_S:
                path.unlink()
        except FileNotFoundError:
            continue


def write_bytes(target: Path, data: bytes) -> None:
    """Write a file atomically."""
    with atomic_path(target) as temporary:
        temporary.write_bytes(data)


def write_text(target: Path, text: str) -> None:
    """Write a UTF-8 file atomically."""
    write_bytes(target, text.encode())


def write_json(target: Path, value: Any) -> None:
    """Write JSON atomically, indented, keys in the given order."""
    write_text(target, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def read_json_or_none(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file; None where there is no file, or it holds something else."""
    try:
        value = parsed_json(path.read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def complete_lines(path: Path) -> list[str]:
    """The lines of a file that grows line by line, but one that was cut off; none where there is no file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    # What follows the last line end was cut off by a kill.
    return [line for line in text.split("\n")[:-1] if line]


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def cache_folder() -> Path:
    """Where downloaded models live: ``$PARTLY_CACHE``, or ``partly`` in the user's cache folder."""
    if chosen := os.environ.get("PARTLY_CACHE"):
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "partly"
