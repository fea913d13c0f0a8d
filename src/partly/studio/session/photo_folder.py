"""The project's folder of photos, into which the page puts what is dropped on it."""

from __future__ import annotations

import re
import threading
from pathlib import Path, PurePosixPath

from partly.errors import BadOption
from partly.files import write_bytes
from partly.imagery.photos import read_photo
from partly.imagery.sources import PHOTO_SUFFIXES
from partly.studio.session.photo_network import MAX_PHOTO_PIXELS

_UNSAFE = re.compile(r"[^\w .()+-]")
_MOST_CHARACTERS = 100


class PhotoFolder:
    """Photos that the job "segment" segments.

    Args:
        folder: where they are; made with the first one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def count(self) -> int:
        """How many photos are there, those in folders within it too."""
        return sum(
            path.suffix.lower() in PHOTO_SUFFIXES and not path.name.startswith(".")
            for path in self._folder.rglob("*")
        )

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


def _safe_name(file_name: str) -> str:
    """The last part of a name, without what no file system likes.

    Raises:
        BadOption: it does not end as photos do.
    """
    path = PurePosixPath(PurePosixPath(file_name.replace("\\", "/")).name)
    suffix = path.suffix.lower()
    if suffix not in PHOTO_SUFFIXES:
        raise BadOption(
            f"a photo called {path.name[:_MOST_CHARACTERS]!r}",
            expected="a name that ends as those of photos do: .jpg, .png, .webp, .tif and the like",
        )
    stem = _UNSAFE.sub("_", path.stem)[:_MOST_CHARACTERS].strip(" .")
    return (stem or "photo") + suffix
