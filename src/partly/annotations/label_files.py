"""The bytes of label files of any kind."""

from __future__ import annotations

from pathlib import Path

from partly.errors import BadLabel


def read_label_file(path: Path, expected: str = "a label file") -> bytes:
    """The content of a file with labels.

    Raises:
        BadLabel: it is missing, or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadLabel(
            "no such file" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})",
            expected=expected,
            path=path,
        ) from error
