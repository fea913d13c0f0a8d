"""Photos whose results would lie where others' are: a file that is called as a folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath


class TakenPlaces:
    """Who comes first has the place, however many are written at once.

    ``sub.png/d.jpg`` has its label map in the folder ``labels/sub.png``, and ``sub.webp`` would have its own
    in a file of that name.

    Args:
        suffixes: of the files that each photo has, such as ".png" and ".jpg".
    """

    def __init__(self, suffixes: Iterable[str]) -> None:
        self._suffixes = frozenset(suffixes)
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def take(self, name: str) -> bool:
        """Take the places of a photo's results; whether they were free.

        Args:
            name: of the results, a relative POSIX path without suffix.
        """
        name = name.casefold()  # upper and lower case are one on some disks
        files = {name + suffix for suffix in self._suffixes}
        folders = {str(parent) for parent in PurePosixPath(name).parents}
        if files & self._folders or folders & self._files:
            return False
        self._files |= files
        # Only a folder that is called as a file can be in the way of one.
        self._folders |= {one for one in folders if PurePosixPath(one).suffix in self._suffixes}
        return True
