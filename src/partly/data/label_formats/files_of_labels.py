"""Label files in folders, without what operating systems and other programs leave there."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from partly.data.labels.label_bytes import read_label_file
from partly.data.labels.telling import Tell
from partly.errors import BadLabel, counted, listed
from partly.storage import is_hidden

Found = TypeVar("Found")

_SUFFIXES = (".json", ".xml", ".png")
_WORDS_OF_LABELS = (b'"shapes"', b'"annotations"', b"<annotations")


def visible_files(folder: Path, suffix: str) -> list[Path]:
    """Files of a folder and its subfolders with this suffix, in upper or lower case, sorted.

    Hidden files and folders, and those of operating systems (``__MACOSX``), are left out.
    """
    return _files(folder, suffix)[0]


def labels_of(path: Path, suffix: str, recognises: Callable[[Path], bool], tell: Tell) -> list[Path]:
    """A label file itself, or those in a folder; of others in the folder is told.

    Args:
        path: file or folder.
        suffix: of label files.
        recognises: whether a file with the suffix is of the format; where none is, all are taken, so that
            the reader says what is wrong with them.
        tell: is told of files that are passed over.

    Raises:
        BadLabel: a folder without such files, or with one that holds labels but is damaged.
    """
    if not path.is_dir():
        return [path]
    files, hidden = _files(path, suffix)
    if hidden:
        tell(f"{path}: {counted(len(hidden), 'hidden file')} passed over: {shown_files(path, hidden)}")
    if not files:
        raise no_files(path, f"{suffix} files", "a folder of label files")
    recognised: list[Path] = []
    strangers: list[Path] = []
    for file in files:
        (recognised if unless_strange(file, recognises) else strangers).append(file)
    if recognised and strangers:
        told = counted(len(strangers), "file")
        tell(f"{path}: {told} without labels of this format passed over: {shown_files(path, strangers)}")
    return recognised or files


def no_files(folder: Path, what: str, expected: str) -> BadLabel:
    """The error of a folder without label files, which may have hidden ones."""
    hidden = [file for suffix in _SUFFIXES for file in _files(folder, suffix)[1]]
    return BadLabel(
        f"has no {what} in it" + (f" but hidden ones ({shown_files(folder, hidden)})" if hidden else ""),
        expected=expected,
        remedy="Give hidden files themselves if they are meant" if hidden else None,
        path=folder,
    )


def unless_strange(file: Path, look: Callable[[Path], Found]) -> Found | None:
    """What a look at a file in a folder gives; None where it cannot be read and speaks of no labels.

    Raises:
        BadLabel: it cannot be read, and speaks of labels.
    """
    try:
        return look(file)
    except BadLabel:
        data = read_label_file(file)
        if any(word in data for word in _WORDS_OF_LABELS):
            raise
        return None


def _files(folder: Path, suffix: str) -> tuple[list[Path], list[Path]]:
    """Visible ones and hidden ones."""
    visible: list[Path] = []
    hidden: list[Path] = []
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            if path.suffix.lower() == suffix:
                inside = path.relative_to(folder).parts
                (hidden if any(map(is_hidden, inside)) else visible).append(path)
    return sorted(visible), sorted(hidden)


def shown_files(folder: Path, files: Sequence[Path]) -> str:
    """Files by their places in a folder, as messages list them."""
    return listed(file.relative_to(folder).as_posix() for file in files)
