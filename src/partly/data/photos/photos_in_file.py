"""The photos in one file: itself, or its pages or frames, and what is told of these."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path, PurePosixPath

from partly.data.photos.photo import open_file
from partly.data.photos.photo_location import PhotoSource
from partly.data.photos.photo_names import file_name, page_name
from partly.data.photos.photo_stack import PhotoStack
from partly.data.photos.stack_pages import (
    STACK_SUFFIXES,
    START_BYTES,
    StackPages,
    may_be_stack,
    stack_pages,
)
from partly.errors import counted, listed


def photos_in_file(source: PhotoSource, most: int, *, by_suffix: bool = True) -> list[PhotoSource]:
    """The photos of a file: one for each page or frame where it holds several, else the file itself.

    Args:
        source: the file; nothing that is drawn, or taken out of a larger file of another kind.
        most: no more pages or frames are taken.
        by_suffix: look only into files that are called as files with several photos are.
    """
    if type(source) is not PhotoSource:
        return [source]
    called = source.path.name if source.member is None else source.member.filename
    if by_suffix and PurePosixPath(called).suffix.lower() not in STACK_SUFFIXES:
        return [source]
    pages = _pages_of(source, most)
    if pages is None:
        return [source]
    stack = PhotoStack(source.path, source.open, pages)
    return [
        replace(source, name=page_name(source.name, number), page=number, stack=stack)
        for number in pages.numbers
    ]


def stack_notes(photos: Iterable[PhotoSource]) -> list[str]:
    """What is told of files with several photos, in sentences for people."""
    first: dict[PhotoStack, PhotoSource] = {}
    for photo in photos:
        if photo.stack is not None:
            first.setdefault(photo.stack, photo)
    if not first:
        return []
    files = [(file_name(photo.name), stack.pages) for stack, photo in first.items()]
    several = listed(f"{name}: {counted(len(pages.numbers), pages.kind)}" for name, pages in files)
    verb = "holds" if len(files) == 1 else "hold"
    example = next(iter(first.values())).name
    n_files = counted(len(files), "file")
    notes = [f"{n_files} {verb} several photos ({several}), each one of its own, such as {example}."]
    notes += [
        f"{name}: {counted(pages.n_more, pages.kind)} behind the first {pages.numbers[-1]} left out; "
        "--max-pages takes more."
        for name, pages in files
        if pages.n_more
    ]
    notes += [
        f"{name}: what follows page {pages.numbers[-1]} is damaged, and left out."
        for name, pages in files
        if pages.is_cut
    ]
    return notes


def _pages_of(source: PhotoSource, most: int) -> StackPages | None:
    try:
        if source.member is None or source.archive is None:
            found = source.path.stat()
            return _pages_at(source.path, found.st_size, found.st_mtime_ns, most)
        with source.archive.open(source.member) as member:
            start = member.read(START_BYTES)
        if not may_be_stack(start):
            return None
        with source.open() as file:
            return stack_pages(file, most)
    # Reading it will say what is wrong; a zip's member raises nearly anything.
    except Exception:  # noqa: BLE001
        return None


@lru_cache(maxsize=1 << 16)
def _pages_at(path: Path, size: int, changed_ns: int, most: int) -> StackPages | None:
    """The photos of a file as it was then: folders are listed again and again."""
    del size, changed_ns
    with open_file(path) as file:
        return stack_pages(file, most) if may_be_stack(file.read(START_BYTES)) else None
