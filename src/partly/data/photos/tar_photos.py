"""Photos in a tar, as WebDataset keeps them: found by their places, and read one at a time."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from partly.data.photos.photo import open_file
from partly.data.photos.photo_location import PhotoSource
from partly.errors import BadArchive, BadPhoto
from partly.storage import is_hidden

_BLOCK = tarfile.BLOCKSIZE
_MAGIC_AT, _MAGIC = 257, b"ustar"
_AGAIN = "Make the tar again"
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class TarPhoto(PhotoSource):
    """One photo of a tar.

    Attributes:
        tar_name: of the member.
        offset: where its bytes begin in the tar.
        n_bytes: how many there are.
    """

    tar_name: str = ""
    offset: int = 0
    n_bytes: int = 0

    @property
    def location(self) -> Path:
        """The tar's path with the member's behind it."""
        return self.path / self.tar_name

    def open(self) -> BinaryIO:
        """The member's bytes.

        Raises:
            BadPhoto: the tar is gone, or ends within the member.
        """
        try:
            with open_file(self.path) as file:
                file.seek(self.offset)
                data = file.read(self.n_bytes)
        except OSError as error:
            raise BadPhoto(f"cannot be read ({error.strerror})", path=self.location) from error
        if len(data) != self.n_bytes:
            raise BadPhoto(
                f"is cut off: the tar ends {self.n_bytes - len(data)} bytes too early",
                remedy=_AGAIN,
                path=self.location,
            )
        return io.BytesIO(data)


def is_tar(path: Path) -> bool:
    """Whether a file is a tar, or is called one."""
    with open_file(path) as file:
        has_magic = file.read(_BLOCK)[_MAGIC_AT : _MAGIC_AT + len(_MAGIC)] == _MAGIC
    return has_magic or path.name.lower().endswith((".tar", ".tar.gz", ".tgz"))


def tar_members(path: Path, max_bytes: int) -> list[TarPhoto]:
    """The files in a tar, in its order, hidden ones passed over; only their heads are read.

    Args:
        path: of the tar.
        max_bytes: one with a larger member is refused.

    Raises:
        BadArchive: it is no tar, compressed, cut or damaged between its members; a member leads outside it,
            is a link or too large; or two have the same name.
    """
    found: dict[str, TarPhoto] = {}
    try:
        with open_file(path) as file, tarfile.open(fileobj=file, mode="r:") as archive:
            n_bytes, end = path.stat().st_size, 0
            # A last member that is cut off fails when it is read, alone.
            while end <= n_bytes and (member := archive.next()) is not None:
                end = archive.offset
                name = _name(path, member, max_bytes)
                if name is None:
                    continue
                if name in found:
                    raise BadArchive(
                        f"has two members named {name}",
                        expected="names that differ",
                        remedy=_AGAIN,
                        path=path,
                    )
                found[name] = TarPhoto(
                    name, path, tar_name=name, offset=member.offset_data, n_bytes=member.size
                )
            if end <= n_bytes:
                _check_end(path, file, end)
    except (OSError, tarfile.TarError, ValueError, EOFError) as error:
        raise BadArchive(
            f"is no tar that can be read ({error})",
            expected="a tar that is not compressed",
            remedy="Unpack it, or make it again without compression",
            path=path,
        ) from error
    return list(found.values())


def _name(path: Path, member: tarfile.TarInfo, max_bytes: int) -> str | None:
    """The member's path inside the tar; None for folders and hidden files."""
    name = member.name.replace("\\", "/")
    parts = PurePosixPath(name).parts
    if member.islnk() or member.issym() or name.startswith("/") or ".." in parts:
        what = "is a link" if member.islnk() or member.issym() else "leads outside it"
        raise BadArchive(
            f"its member {member.name!r} {what}",
            expected="plain files inside the archive",
            remedy=f"{_AGAIN} without it",
            path=path,
        )
    if not member.isfile() or any(is_hidden(part) for part in parts):
        return None
    if member.size > max_bytes:
        raise BadArchive(
            f"its member {member.name!r} has {member.size / 1e6:.0f} MB",
            expected=f"at most {max_bytes / 1e6:.0f} MB a photo",
            remedy=f"{_AGAIN} without it",
            path=path,
        )
    return str(PurePosixPath(name))


def _check_end(path: Path, file: BinaryIO, end: int) -> None:
    """Check that behind the last member there are zeros, and nothing else, up to the end of the file.

    tarfile stops at a damaged head, and at one of zeros, such as a hole that a download has left. Behind both
    there may be more photos.

    Raises:
        BadArchive: there is something else, or nothing.
    """
    file.seek(end)
    block = file.read(_BLOCK)
    if len(block) < _BLOCK:
        raise BadArchive("was cut: the end of the archive is missing", remedy=_AGAIN, path=path)
    if block.strip(b"\0"):
        raise BadArchive(
            f"is damaged at byte {end}, between two members",
            remedy=f"{_AGAIN}, or unpack what can be unpacked and give the folder",
            path=path,
        )
    at = end + _BLOCK
    while chunk := file.read(_CHUNK_BYTES):
        if more := chunk.lstrip(b"\0"):
            raise BadArchive(
                f"goes on behind its end: zeros mark it at byte {end}, and there is more from byte "
                f"{at + len(chunk) - len(more)}",
                expected="nothing but zeros there",
                remedy="Copy the tar again, if its copy is not whole; if several tars were joined, give each",
                path=path,
            )
        at += len(chunk)
