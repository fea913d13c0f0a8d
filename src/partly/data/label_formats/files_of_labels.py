"""Label files in folders, without what operating systems and other programs leave there."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from partly.data.label_formats.label_file import LabelFile
from partly.data.labels.telling import Tell
from partly.errors import BadLabel, counted, listed
from partly.storage import is_hidden

Found = TypeVar("Found")

_SUFFIXES = (".json", ".xml", ".txt", ".png")
_WORDS_OF_LABELS = (b'"shapes"', b'"annotations"', b"<annotations", b"_via_img_metadata", b'"regions"')
_MOST_KEPT_BYTES = 32 * 1024 * 1024


class FilesOfLabels:
    """The files of a folder and its subfolders that may hold labels, each of which is parsed once.

    Hidden files and folders, and those of operating systems (``__MACOSX``), are left out.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._visible: dict[str, list[LabelFile]] = {suffix: [] for suffix in _SUFFIXES}
        self._hidden: dict[str, list[Path]] = {suffix: [] for suffix in _SUFFIXES}
        self._n_kept_bytes = 0
        for path in _walked(folder):
            suffix = path.suffix.lower()
            if suffix not in _SUFFIXES:
                continue
            if any(map(is_hidden, path.relative_to(folder).parts)):
                self._hidden[suffix].append(path)
            else:
                self._visible[suffix].append(LabelFile(path, folder))

    def visible(self, suffix: str) -> list[LabelFile]:
        """Those with a suffix, in upper or lower case, sorted."""
        return self._visible[suffix]

    def look(self, file: LabelFile, look: Callable[[LabelFile], Found]) -> Found | None:
        """What a look at a file gives; None where it cannot be read and speaks of no labels.

        What was parsed for it is kept for the reader, as long as there is little of it.

        Raises:
            BadLabel: it cannot be read, and speaks of labels.
        """
        try:
            return look(file)
        except BadLabel:
            data = file.data()
            if any(word in data for word in _WORDS_OF_LABELS):
                raise
            return None
        finally:
            self._n_kept_bytes += file.path.stat().st_size if file.path.is_file() else 0
            if self._n_kept_bytes > _MOST_KEPT_BYTES:
                file.forget()

    def of_format(
        self,
        suffix: str,
        recognises: Callable[[LabelFile], bool],
        belongs: Callable[[Path], bool],
        tell: Tell,
    ) -> list[LabelFile]:
        """The files of a format; of others is told.

        Args:
            suffix: of the format.
            recognises: whether a file is of the format; where none is, all are taken, so that the reader says
                what is wrong with them.
            belongs: whether another file with the suffix is read with them, so that it is not told of.
            tell: is told of files that are passed over.

        Raises:
            BadLabel: there are no such files, or one that holds labels is damaged.
        """
        hidden, files = self._hidden[suffix], self._visible[suffix]
        if hidden:
            tell(f"{self.folder}: {counted(len(hidden), 'hidden file')} passed over: {self.shown(hidden)}")
        if not files:
            raise self.none(f"{suffix} files", "a folder of label files")
        recognised: list[LabelFile] = []
        strangers: list[LabelFile] = []
        for file in files:
            (recognised if self.look(file, recognises) else strangers).append(file)
        others = [file.path for file in strangers if not belongs(file.path)]
        if recognised and others:
            told = counted(len(others), "file")
            tell(f"{self.folder}: {told} without labels of this format passed over: {self.shown(others)}")
        return recognised or files

    def none(self, what: str, expected: str) -> BadLabel:
        """The error of a folder without label files, which may have hidden ones."""
        hidden = [path for paths in self._hidden.values() for path in paths]
        return BadLabel(
            f"has no {what} in it" + (f" but hidden ones ({self.shown(hidden)})" if hidden else ""),
            expected=expected,
            remedy="Give hidden files themselves if they are meant" if hidden else None,
            path=self.folder,
        )

    def shown(self, paths: Sequence[Path]) -> str:
        """Files by their places in the folder, as messages list them."""
        return listed(path.relative_to(self.folder).as_posix() for path in paths)


def _walked(folder: Path) -> list[Path]:
    return sorted(Path(parent, name) for parent, _, names in os.walk(folder) for name in names)
