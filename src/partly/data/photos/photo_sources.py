"""Finding photos: files, folders, zips, tars, Parquet; under names that are unique and safe to write to."""

from __future__ import annotations

import os
import re
import stat
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import overload

from partly.data.photos.idx_files import idx_photos, is_idx
from partly.data.photos.parquet_photos import is_parquet, parquet_rows
from partly.data.photos.photo import open_file
from partly.data.photos.photo_location import PhotoSource
from partly.data.photos.photo_names import bare_name, whole_name
from partly.data.photos.photos_in_file import photos_in_file, stack_notes
from partly.data.photos.stack_limit import MAX_PAGES
from partly.data.photos.tar_photos import is_tar, tar_members
from partly.data.photos.zip_names import meant_name
from partly.errors import BadArchive, BadPhoto, counted, listed
from partly.storage import is_hidden

_SUFFIXES = "apng avif bmp gif heic heif hif jfif jp2 jpe jpeg jpg mpo pbm pgm png pnm ppm tif tiff webp"
PHOTO_SUFFIXES = frozenset(f".{suffix}" for suffix in _SUFFIXES.split())
"""What counts as a photo in folders and zips. HEIC cannot be read, but is reported, not passed over."""

_ARCHIVES = frozenset((".zip", ".7z", ".rar", ".tar", ".tgz", ".gz"))

MAX_MEMBER_BYTES = 1 << 30
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_DRIVE = re.compile(r"^[A-Za-z]:")


@dataclass(frozen=True)
class PhotoSources(Sequence[PhotoSource]):
    """The photos that were found, in order, and what was passed over.

    Attributes:
        sources: where the photos are.
        passed_over: names of other files, as photos would be named, and of linked folders.
        notes: what else is to be told of what was found.
    """

    sources: tuple[PhotoSource, ...]
    passed_over: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def n_ignored(self) -> int:
        """How many files were passed over."""
        return len(self.passed_over)

    def told(self) -> tuple[str, ...]:
        """What was passed over, and what else there is to tell, in sentences for people."""
        archives = [name for name in self.passed_over if PurePosixPath(name).suffix.lower() in _ARCHIVES]
        links = [name for name in self.passed_over if name.endswith("/")]
        others = [name for name in self.passed_over if name not in archives and name not in links]
        told = []
        if others:
            told.append(f"{counted(len(others), 'other file')} passed over ({listed(others)}).")
        if archives:
            told.append(
                f"{counted(len(archives), 'archive')} passed over ({listed(archives)}): give a zip or tar"
                " by itself, and the photos in it are found."
            )
        if links:
            told.append(f"{counted(len(links), 'linked folder')} not entered ({listed(links)}).")
        return (*told, *self.notes)

    def __len__(self) -> int:
        return len(self.sources)

    @overload
    def __getitem__(self, index: int) -> PhotoSource: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[PhotoSource, ...]: ...
    def __getitem__(self, index: int | slice) -> PhotoSource | tuple[PhotoSource, ...]:
        """One source, or a slice of them."""
        return self.sources[index]


def find_photos(
    paths: str | Path | Iterable[str | Path],
    *,
    leave_out: Iterable[str | Path] = (),
    max_member_bytes: int = MAX_MEMBER_BYTES,
    max_pages: int = MAX_PAGES,
) -> PhotoSources:
    """Photos in files, folders (recursive, sorted), zips (sorted, never unpacked to disk), tars and Parquet.

    In folders, zips and tars, files without a photo's suffix are passed over and named, hidden ones passed
    over; linked folders are not entered, archives in folders not opened. Tars and Parquet files keep their
    order; of a photo of several pages in a tar, only the first is
    taken. A file given by itself is taken whatever its
    suffix. Each page of a TIFF, and each frame of a GIF, APNG or WebP, is a photo of its own where there are
    several: ``cells.tif#3``, by the number that it has in the file. Small copies of pages, masks and levels
    of pyramids are none.

    Names: of one folder or archive, the path inside it; of several paths, the path inside with the folder's
    or archive's own name in front; of a file, the file's name. What is still not unique gets ``~2``, ``~3``,
    … before its suffix, in order. Control characters become ``_``.

    Args:
        paths: files, folders, zips, tars, Parquet files.
        leave_out: folders that are not searched, e.g. the one that results are written to.
        max_member_bytes: an archive with a larger photo (unpacked) is refused.
        max_pages: no more pages or frames are taken of one file, the first ones; the rest is told of.

    Raises:
        BadPhoto: a path that does not exist or cannot be listed, or no photo anywhere.
        BadArchive: a damaged or encrypted archive, or one with members outside it (absolute, ``..``, drives,
            links) or too large; a tar with two members of one name; a Parquet file without images.
        NotAvailable: a Parquet file, and pyarrow is not installed.
    """
    given = _distinct([paths] if isinstance(paths, str | Path) else paths)
    closed = {Path(path).resolve() for path in leave_out}
    names = _Names()
    found: list[PhotoSource] = []
    passed_over: list[str] = []
    notes: list[str] = []
    for path in given:
        prefix = "" if len(given) == 1 else _tidy(path.resolve().name)
        if path.is_dir():
            sources, others = _in_folder(path, closed)
        elif _is_zip(path):
            prefix = prefix and Path(prefix).stem
            sources, others, unsure = _in_zip(path, max_member_bytes)
            notes += _name_notes(path, unsure)
        elif is_tar(path):
            prefix = prefix and Path(prefix).stem
            sources, others = _in_tar(path, max_member_bytes)
        elif is_parquet(path):
            prefix = prefix and Path(prefix).stem
            sources, others = [replace(row, name=_tidy(row.name)) for row in parquet_rows(path)], []
        elif is_idx(path):
            sources, others = idx_photos(path), []
        else:
            prefix, others = "", []
            sources = [PhotoSource(_tidy(path.name), path)]
        passed_over += [f"{prefix}/{name}" if prefix else name for name in others]
        for source in sources:
            named = replace(source, name=f"{prefix}/{source.name}" if prefix else source.name)
            for photo in photos_in_file(
                named, max_pages, by_suffix=path.is_dir() or source.member is not None
            ):
                found.append(replace(photo, name=names.unique(photo.name)))
    if not found:
        beside = f" ({counted(len(passed_over), 'other file')}: {listed(passed_over)})" if passed_over else ""
        raise BadPhoto(
            f"holds no photos{beside}" if given else "no photos were given",
            expected="files named " + " ".join(sorted(PHOTO_SUFFIXES)),
            path=", ".join(map(str, given)) or None,
        )
    return PhotoSources(tuple(found), tuple(passed_over), (*stack_notes(found), *notes))


def output_name(name: str, taken: set[str]) -> str:
    """Name of a photo's outputs: its own without suffix; with it, where another photo already took that.

    Args:
        name: the photo's name, unique among photos; page 3 of ``cells.tif`` becomes ``cells-p0003``.
        taken: names given so far, in folded case; the new one is added.
    """
    return _Names(taken).unique(bare_name(name), whole_name(name))


class _Names:
    """Hands out each name once, upper and lower case being one."""

    def __init__(self, taken: set[str] | None = None) -> None:
        self._taken = set() if taken is None else taken

    def unique(self, *wishes: str) -> str:
        """The first wish that is free, else the last one, numbered."""
        path = PurePosixPath(wishes[-1])
        numbered = (str(path.with_stem(f"{path.stem}~{n}")) for n in range(2, len(self._taken) + 3))
        for name in chain(wishes, numbered):
            if name.casefold() not in self._taken:
                self._taken.add(name.casefold())
                return name
        raise AssertionError("there are more numbers than names taken")


def _distinct(paths: Iterable[str | Path]) -> list[Path]:
    """Paths in order, each place once."""
    distinct: dict[Path, Path] = {}
    for path in map(Path, paths):
        distinct.setdefault(path.resolve(), path)
    return list(distinct.values())


def _in_folder(folder: Path, closed: set[Path]) -> tuple[list[PhotoSource], list[str]]:
    """The photos in a folder, and the names of other files and linked folders."""
    found: list[PhotoSource] = []
    others: list[str] = []
    for parent, folders, files in os.walk(folder, onerror=_refuse_folder):
        here = Path(parent)
        folders[:] = [
            name for name in folders if not is_hidden(name) and (here / name).resolve() not in closed
        ]
        linked = [here / name for name in folders if (here / name).is_symlink()]
        others += [_tidy(path.relative_to(folder).as_posix()) + "/" for path in linked]
        for name in files:
            if is_hidden(name):
                continue
            path = here / name
            if path.suffix.lower() in PHOTO_SUFFIXES:
                found.append(PhotoSource(_tidy(path.relative_to(folder).as_posix()), path))
            else:
                others.append(_tidy(path.relative_to(folder).as_posix()))
    return sorted(found, key=lambda source: source.name), sorted(others)


def _refuse_folder(error: OSError) -> None:
    raise BadPhoto(f"cannot be listed ({error.strerror})", path=error.filename) from error


def _is_zip(path: Path) -> bool:
    with open_file(path) as file:
        return path.suffix.lower() == ".zip" or file.read(4) in _ZIP_STARTS


def _in_zip(path: Path, max_member_bytes: int) -> tuple[list[PhotoSource], list[str], list[str]]:
    """The photos in a zip, the names of other files, and those names that may be meant otherwise."""
    try:
        archive = zipfile.ZipFile(path)
    except UnicodeDecodeError as error:
        raise BadArchive(
            f"has a name that is not in the UTF-8 that it claims ({error.object!r})",
            remedy="Make the zip again, or unpack it and give the folder",
            path=path,
        ) from error
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise BadArchive(
            f"cannot be read as a zip ({error})", remedy="Copy or make it again", path=path
        ) from error
    found: list[PhotoSource] = []
    others: list[str] = []
    unsure: list[str] = []
    for member in archive.infolist():
        member.filename, is_sure = meant_name(member)
        name = _member_name(path, member)
        hidden = any(is_hidden(part) for part in PurePosixPath(name).parts)
        if not member.filename or member.is_dir() or hidden:
            continue
        if PurePosixPath(name).suffix.lower() in PHOTO_SUFFIXES:
            _check_member(path, member, max_member_bytes)
            found.append(PhotoSource(_tidy(name), path, member, archive))
            unsure += [] if is_sure else [_tidy(name)]
        else:
            others.append(_tidy(name))
    return sorted(found, key=lambda source: source.name), sorted(others), unsure


def _in_tar(path: Path, max_member_bytes: int) -> tuple[list[PhotoSource], list[str]]:
    """The photos in a tar, in its order, and the names of other files."""
    members = [replace(member, name=_tidy(member.name)) for member in tar_members(path, max_member_bytes)]
    photos: list[PhotoSource] = [member for member in members if _is_photo_name(member.name)]
    return photos, [member.name for member in members if not _is_photo_name(member.name)]


def holds_many_photos(path: Path) -> bool:
    """Whether a file is a tar or a Parquet file, which hold photos by the thousand.

    Raises:
        BadPhoto: it is not there.
    """
    return is_tar(path) or is_parquet(path)


def _is_photo_name(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in PHOTO_SUFFIXES


def _name_notes(path: Path, unsure: list[str]) -> list[str]:
    """What is to be told of names in a zip that may be meant otherwise."""
    if not unsure:
        return []
    return [
        f"{path}: {counted(len(unsure), 'name')} not in UTF-8, perhaps spelt otherwise ({listed(unsure)}). "
        "Make the zip with UTF-8 names, or unpack it and give the folder."
    ]


def _member_name(path: Path, member: zipfile.ZipInfo) -> str:
    """The member's path inside the zip, with forward slashes.

    Raises:
        BadArchive: it leads out of the zip.
    """
    name = member.filename.replace("\\", "/")
    parts = PurePosixPath(name).parts
    is_link = stat.S_ISLNK(member.external_attr >> 16)
    if name.startswith("/") or _DRIVE.match(name) or ".." in parts or is_link:
        raise BadArchive(
            f"its member {member.filename!r} is a link"
            if is_link
            else f"its member {member.filename!r} leads outside it",
            expected="plain files inside the archive",
            remedy="Make the zip again without it",
            path=path,
        )
    return str(PurePosixPath(name))


def _check_member(path: Path, member: zipfile.ZipInfo, max_bytes: int) -> None:
    if member.flag_bits & 1:
        raise BadArchive(
            f"its member {member.filename!r} is encrypted",
            expected="a zip without a password",
            remedy="Unpack it and give the folder",
            path=path,
        )
    if member.file_size > max_bytes:
        raise BadArchive(
            f"its member {member.filename!r} unpacks to {member.file_size / 1e6:.0f} MB",
            expected=f"at most {max_bytes / 1e6:.0f} MB a photo",
            remedy="Make the zip again without it",
            path=path,
        )


def _tidy(name: str) -> str:
    """A name without control characters, and of valid Unicode (file names need not be)."""
    return _CONTROL_CHARACTERS.sub("_", os.fsencode(name).decode("utf-8", "replace"))
