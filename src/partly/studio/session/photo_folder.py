"""The project's folder of photos, into which the page puts what is dropped on it."""

from __future__ import annotations

import os
import re
import threading
import time
from pathlib import Path

from partly.data.photos import PHOTO_SUFFIXES, read_photo
from partly.errors import BadOption
from partly.storage import is_hidden, write_bytes
from partly.studio.session.photo_network import MAX_PHOTO_PIXELS
from partly.studio.session.studio_paths import changed_at, last_part

_UNSAFE = re.compile(r"[^\w .()+-]")
_MOST_CHARACTERS = 100
_SETTLED_NS = 2_000_000_000


class PhotoFolder:
    """Photos that the job "segment" segments.

    Args:
        folder: where they are; made with the first one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._n_photos = 0
        # Folders with the time of their last change, as they were when photos were counted; {}: never.
        self._counted: dict[str, int] = {}

    def count(self) -> int:
        """How many photos are there, in folders within it too; counted anew when a folder has changed."""
        with self._lock:
            if not self._counted or self._counted != {path: changed_at(Path(path)) for path in self._counted}:
                self._count()
            return self._n_photos

    def _count(self) -> None:
        # The time of a folder before its files: what comes while they are counted must change it.
        now, n_photos, counted = time.time_ns(), 0, {str(self._folder): changed_at(self._folder)}
        for folder, inner, names in os.walk(self._folder):
            paths = [Path(folder, name) for name in inner]
            counted |= {str(path): changed_at(path) for path in paths}
            n_photos += sum(_is_photo(name) for name in names)
        # File systems tell no two changes apart that follow each other at once.
        is_settled = now - max(counted.values()) > _SETTLED_NS
        self._n_photos, self._counted = n_photos, counted if is_settled else {}

    def add(self, data: bytes, file_name: str) -> str:
        """Keep a photo as it is; nothing that is there is written over.

        Args:
            data: what the image file holds.
            file_name: what it is called; of that only the last part matters.

        Returns:
            The name that it has here: the same, or with a number where another photo has it.

        Raises:
            BadOption: it is not called as a photo is.
            BadPhoto: it cannot be read, or is too large.
            PartlyError: it cannot be written.
        """
        name = _safe_name(file_name)
        read_photo(data, name, max_pixels=MAX_PHOTO_PIXELS)
        with self._lock:
            path, number = self._folder / name, 1
            while path.exists() and path.read_bytes() != data:
                number += 1
                path = self._folder / f"{Path(name).stem}-{number}{Path(name).suffix}"
            if not path.exists():
                write_bytes(path, data)
        return path.name


def _is_photo(name: str) -> bool:
    return Path(name).suffix.lower() in PHOTO_SUFFIXES and not is_hidden(name)


def _safe_name(file_name: str) -> str:
    """The last part of a name, without what no file system likes.

    Raises:
        BadOption: it does not end as photos do.
    """
    path = last_part(file_name)
    suffix = path.suffix.lower()
    if suffix not in PHOTO_SUFFIXES:
        raise BadOption(
            f"a photo called {path.name[:_MOST_CHARACTERS]!r}",
            expected="a name that ends as those of photos do: .jpg, .png, .webp, .tif and the like",
        )
    stem = _UNSAFE.sub("_", path.stem)[:_MOST_CHARACTERS].strip(" .")
    return (stem or "photo") + suffix
