"""Where one photo is."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass, field, fields
from functools import lru_cache
from lzma import LZMAError
from pathlib import Path
from typing import Any, BinaryIO

from partly.data.photos.photo import MAX_PIXELS, Photo, open_file, read_photo
from partly.data.photos.photo_names import page_name
from partly.data.photos.photo_stack import PhotoStack, file_digest
from partly.errors import BadPhoto

# What zipfile raises on damaged members of its kinds of compression.
_UNREADABLE = (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, LZMAError, ValueError)


@dataclass(frozen=True)
class PhotoSource:
    """Where one photo is; nothing is read before :meth:`open`.

    A page of a file with several photos is a photo of its own: it has that file's ``path`` and ``member``,
    and a ``page``. What depends on the photo takes :meth:`read` and :meth:`digest`, not the file.

    Attributes:
        name: relative POSIX path, unique (also where upper and lower case are one) among what was found; of a
            page, with its number: ``cells.tif#3``.
        path: the photo's file, or the zip that holds it.
        member: the file's entry in the zip.
        page: of several in the file, from 1; None: the file is the photo.
        stack: the file, where it holds several.
    """

    name: str
    path: Path
    member: zipfile.ZipInfo | None = None
    archive: zipfile.ZipFile | None = field(default=None, repr=False, compare=False)
    page: int | None = None
    stack: PhotoStack | None = field(default=None, repr=False, compare=False)

    @property
    def location(self) -> Path:
        """Where the photo is, for messages: its path, or the zip's with the member's behind it."""
        file = self.path if self.member is None else self.path / self.member.filename
        return file if self.page is None else file.with_name(page_name(file.name, self.page))

    def __reduce__(self) -> Any:
        """For other processes, which open the zip themselves."""
        values = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "archive"}
        return _sent, (type(self), values, self.archive is not None)

    def open(self) -> BinaryIO:
        """The image file, of which the photo may be one page, open for reading and seeking.

        Raises:
            BadPhoto: it is gone, cannot be read, or is damaged inside its zip.
        """
        if self.member is None or self.archive is None:
            return open_file(self.path)
        try:
            return io.BytesIO(self.archive.read(self.member))
        except _UNREADABLE as error:
            raise BadPhoto(
                f"cannot be unpacked ({error})",
                expected="an undamaged member",
                remedy="Make the zip again",
                path=self.location,
            ) from error

    def read(self, max_pixels: int = MAX_PIXELS, *, at_least_px: int | None = None) -> Photo:
        """Read the photo; see :func:`partly.data.photos.read_photo`."""
        if self.stack is not None and self.page is not None:
            return self.stack.read(self.page, self.location, max_pixels).renamed(self.name)
        with self.open() as file:
            photo = read_photo(file, str(self.location), max_pixels=max_pixels, at_least_px=at_least_px)
        return photo.renamed(self.name)

    def digest(self) -> str:
        """SHA-256 by which the photo is known, whatever it is called: of its file, and the page in it.

        Raises:
            BadPhoto: the file cannot be read.
        """
        if self.stack is not None and self.page is not None:
            return self.stack.digest(self.page)
        with self.open() as file:
            return file_digest(file, self.location)


def _sent(kind: type[PhotoSource], values: dict[str, Any], is_in_zip: bool) -> PhotoSource:
    """A photo as another process gets it."""
    return kind(**values | {"archive": _zip_at(values["path"]) if is_in_zip else None})


@lru_cache(maxsize=8)
def _zip_at(path: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)
