"""The size of a picture, as a label file says it or, where it does not, as somebody else knows it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from partly.data.labels.label_bytes import MAX_PIXELS
from partly.errors import BadLabel

Size = tuple[int, int]
"""Height and width."""

SizeOf = Callable[[str, Path], Size | None]
"""The size of the picture that a label file gives this name; None: nobody knows."""

_NOT_STATED = ("", "0", "0.0", "none", "null", "nan")
"""What programs write for a size that they do not know, in lower case."""


def no_sizes(image_name: str, path: Path) -> None:
    """For callers who know no pictures."""
    del image_name, path


def whole_number(value: Any) -> int | None:
    """A whole number, also one that is written as 64.0 or "64"; None: it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
        return int(number) if number.is_integer() else None
    except (ValueError, OverflowError):
        return None


def _is_stated(value: Any) -> bool:
    return str(value).strip().lower() not in _NOT_STATED


def size_of_box(height: Any, width: Any, where: str, path: Path) -> Size:
    """Height and width as a file states them.

    Raises:
        BadLabel: they are no positive whole numbers, or too large.
    """
    rows, columns = whole_number(height), whole_number(width)
    if rows is None or columns is None or rows < 1 or columns < 1:
        raise BadLabel(
            f"{where} has the height {height!r} and the width {width!r}",
            expected="positive whole numbers",
            path=path,
        )
    if rows * columns > MAX_PIXELS:
        raise BadLabel(
            f"{where} is {columns} x {rows} px", expected=f"at most {MAX_PIXELS} pixels", path=path
        )
    return rows, columns


def picture_size(
    height: Any, width: Any, name: str, where: str, path: Path, known: Callable[[], Size | None]
) -> Size:
    """Height and width of a picture, as a file states them; where it does not, or says 0, as is known.

    Args:
        height: as the file states it.
        width: likewise.
        name: of the picture, for errors.
        where: what the file says it of, for errors.
        path: the file, for errors.
        known: knows the size, or not.

    Raises:
        BadLabel: nobody states them, or they are no positive whole numbers, or too large.
    """
    if _is_stated(height) and _is_stated(width):
        return size_of_box(height, width, where, path)
    size = known()
    if size is None:
        raise BadLabel(
            f"{where} has the height {height!r} and the width {width!r}",
            expected=f"positive whole numbers, or a picture whose size is known, which {name!r} is not",
            remedy="Export the labels together with the pictures, or name the picture with --picture",
            path=path,
        )
    return size_of_box(*size, where, path)
