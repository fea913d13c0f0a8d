"""Names of photos: of pages of a file, and without the suffix of the file."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_PAGE = re.compile(r"(.+)#(\d+)", re.DOTALL)


def page_name(name: str, number: int) -> str:
    """Name of one page of a file: ``cells.tif#3``."""
    return f"{name}#{number}"


def file_name(name: str) -> str:
    """Name of the file that a photo is in: of ``cells.tif#3``, and of ``cells.tif`` itself."""
    page = _PAGE.fullmatch(name)
    return page[1] if page else name


def bare_name(name: str) -> str:
    """A photo's name without the suffix of its file, as its outputs are called.

    ``sub/a.jpg`` becomes ``sub/a``, and page 3 of a file, ``cells.tif#3``, becomes ``cells-p0003``.
    """
    file, number = _split(name)
    return f"{PurePosixPath(file).with_suffix('')}{number}"


def whole_name(name: str) -> str:
    """A photo's name with the suffix of its file, as a name of a file: ``cells.tif-p0003``."""
    return "".join(_split(name))


def _split(name: str) -> tuple[str, str]:
    """Name of the file, and what stands for the page behind it."""
    page = _PAGE.fullmatch(name)
    return (page[1], f"-p{int(page[2]):04}") if page else (name, "")
