"""A file of several photos, each known by the file and its number."""

from __future__ import annotations

import hashlib
import io
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

from partly.data.photos.open_stack import OpenStack
from partly.data.photos.photo import Photo
from partly.data.photos.stack_pages import StackPages
from partly.errors import BadPhoto

_Facts = tuple[int, int]


class PhotoStack:
    """A file of several photos; for all threads.

    Of all such files, the one that was read last stays open, until its last photo is read.

    Args:
        path: of the file, or of the zip that holds it.
        open_file: opens it.
        pages: which of its pages are photos.
    """

    _lock = threading.RLock()
    _latest: weakref.ReferenceType[PhotoStack] | None = None

    def __init__(self, path: Path, open_file: Callable[[], BinaryIO], pages: StackPages) -> None:
        self.pages = pages
        self._path, self._open_file = path, open_file
        self._opened: OpenStack | None = None
        self._opened_facts: _Facts | None = None
        self._closed_at_last: Callable[[], object] | None = None
        self._digest: tuple[_Facts, str] | None = None

    def digest(self, number: int) -> str:
        """SHA-256 by which a photo is known, wherever its file is: of the file, and the number.

        The photo that is meant where the file is read as one has the file's own, so that labels of it are
        found by versions that know no others.

        Raises:
            BadPhoto: the file cannot be read.
        """
        with self._lock:
            facts = self._facts()
            if self._digest is None or self._digest[0] != facts:
                with self._open_file() as file:
                    self._digest = facts, file_digest(file, self._path)
            of_file = self._digest[1]
        if number == self.pages.first:
            return of_file
        return hashlib.sha256(f"{of_file} page {number}".encode()).hexdigest()

    def read(self, number: int, location: Path, max_pixels: int) -> Photo:
        """One photo, by its number; quick if the one before it was read just before.

        Raises:
            BadPhoto: the file cannot be read, or the photo is damaged or too large.
        """
        with self._lock:
            opened = self._open()
            try:
                photo = opened.read(number, location, max_pixels)
            except BaseException:
                # Nobody knows in which state a decoder is after an error.
                self._close()
                raise
            if number == self.pages.numbers[-1]:
                self._close()
            return photo

    def _open(self) -> OpenStack:
        facts = self._facts()
        if self._opened is not None and self._opened_facts == facts:
            return self._opened
        other = PhotoStack._latest() if PhotoStack._latest else None
        if other is not None:
            other._close()
        file = self._open_file()
        try:
            opened = OpenStack(file, self._path)
        except BaseException:
            file.close()
            raise
        self._opened, self._opened_facts = opened, facts
        self._closed_at_last = weakref.finalize(self, opened.close)
        PhotoStack._latest = weakref.ref(self)
        return opened

    def _close(self) -> None:
        if self._closed_at_last is not None:
            self._closed_at_last()
        self._opened = self._closed_at_last = None

    def _facts(self) -> _Facts:
        """They change with the file."""
        try:
            found = self._path.stat()
        except OSError as error:
            raise BadPhoto(f"cannot be read ({error.strerror})", path=self._path) from error
        return found.st_size, found.st_mtime_ns

    def __getstate__(self) -> dict[str, Any]:
        """For other processes, which open the file themselves."""
        return {**self.__dict__, "_opened": None, "_opened_facts": None, "_closed_at_last": None}


def file_digest(file: BinaryIO, path: Path) -> str:
    """SHA-256 of an open photo file.

    Raises:
        BadPhoto: it cannot be read.
    """
    try:
        return hashlib.file_digest(cast(io.BufferedIOBase, file), "sha256").hexdigest()
    except OSError as error:
        raise BadPhoto(f"cannot be read ({error.strerror})", path=path) from error
