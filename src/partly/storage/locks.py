"""One writer at a time: a folder that a command writes to is locked while it does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from partly.errors import FolderBusy

_NAME = ".partly-lock"


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the folder's lock while the block runs; made if it is not there.

    The system lets go of the lock when the process ends, however it ends, so none is ever left behind; the
    empty file that it is held on may stay.

    Raises:
        FolderBusy: another process, or another block of this one, holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / _NAME)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise FolderBusy(
            "another command is writing to this folder",
            remedy="Wait until it is done, stop it, or use another folder",
            path=folder,
        ) from error
    try:
        yield
    finally:
        lock.release()
