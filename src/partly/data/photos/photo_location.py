"""Where one photo is."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass, field
from lzma import LZMAError
from pathlib import Path
from typing import BinaryIO

from partly.data.photos.photo import MAX_PIXELS, Photo, open_file, read_photo
from partly.errors import BadPhoto

# What zipfile raises on damaged members of its kinds of compression.
_UNREADABLE = (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, LZMAError, ValueError)


@dataclass(frozen=True)
class PhotoSource:
    """Where one photo is; nothing is read before :meth:`open`.

    Attributes:
        name: relative POSIX path, unique (also where upper and lower case are one) among what was found.
        path: the photo's file, or the zip that holds it.
        member: the photo's entry in the zip.
    """

    name: str
    path: Path
    member: zipfile.ZipInfo | None = None
    archive: zipfile.ZipFile | None = field(default=None, repr=False, compare=False)

    @property
    def location(self) -> Path:
        """Where the photo is, for messages: its path, or the zip's with the member's behind it."""
        return self.path if self.member is None else self.path / self.member.filename

    def open(self) -> BinaryIO:
        """The image file, open for reading and seeking.

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
        with self.open() as file:
            photo = read_photo(file, str(self.location), max_pixels=max_pixels, at_least_px=at_least_px)
        return photo.renamed(self.name)
