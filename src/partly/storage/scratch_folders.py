"""Folders on this machine's own disk for what is put together before it is kept."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

_LOCK = "in-use.lock"
_YOUNG_S = 60.0  # it may have no lock yet


@contextmanager
def scratch_folder(purpose: str) -> Iterator[Path]:
    """An empty folder among the temporary files; it is gone when the block ends.

    One that a killed process left is removed by the next process that asks for the same purpose: each has a
    lock, which the system lets go with its process.

    Args:
        purpose: a word that the folder's name has.
    """
    prefix = f"partly-{purpose}-"
    _remove_left(prefix)
    with tempfile.TemporaryDirectory(prefix=prefix) as name, FileLock(Path(name, _LOCK)):
        folder = Path(name, "files")
        folder.mkdir()
        yield folder


def _remove_left(prefix: str) -> None:
    """Remove folders that no process holds any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        with suppress(OSError, Timeout):
            if not _is_ours_and_old(folder):
                continue
            with FileLock(folder / _LOCK).acquire(timeout=0):
                pass
            shutil.rmtree(folder, ignore_errors=True)


def _is_ours_and_old(folder: Path) -> bool:
    """Whether it is this user's own, in which nobody else can have put anything, and not made just now."""
    found = folder.lstat()
    is_ours = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    return is_ours and stat.S_ISDIR(found.st_mode) and time.time() - found.st_mtime > _YOUNG_S
