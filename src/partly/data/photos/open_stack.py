"""A file of several pages or frames, opened once and read one after the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from partly.data.photos.colour_modes import Pixels
from partly.data.photos.decoding import PixelsRead, decoded, head_of
from partly.data.photos.photo import MAX_PIXELS, Photo
from partly.data.photos.photo_refusals import beyond_memory, damaged, too_large
from partly.data.photos.png_chunks import scale_colour_key
from partly.data.photos.strict_pillow import strict_quiet_pillow
from partly.data.photos.tiff_pages import is_tiff, numbered_page
from partly.data.photos.tiff_reading import read_tiff, tiff_image
from partly.errors import BadPhoto

_ANIMATED = ("GIF", "PNG", "WEBP")


class OpenStack:
    """An open file of several pages or frames; what is read in order is read quickly.

    Frames build on those before them, and pages are found by way of those before them.

    Args:
        file: open for reading and seeking; closed with this.
        path: where it is, for errors.

    Raises:
        BadPhoto: it cannot be read.
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._image: Image.Image | None = None
        self._pages: Any = None
        self.is_tiff = is_tiff(head_of(file, path))

    def read(self, number: int, path: Path, max_pixels: int = MAX_PIXELS) -> Photo:
        """One page or frame.

        Args:
            number: from 1, as the file has them.
            path: where the page is, for its name and for errors.
            max_pixels: larger ones are refused.

        Raises:
            BadPhoto: it is not there, damaged, or too large.
        """
        with strict_quiet_pillow():
            if self.is_tiff:
                pixels, mended = self._tiff_page(number, path, max_pixels)
                return Photo(path.name, pixels, mended=mended)
            return Photo(path.name, self._frame(number, path, max_pixels))

    def close(self) -> None:
        """Close the file."""
        self._image = self._pages = None
        self._file.close()

    def _tiff_page(self, number: int, path: Path, max_pixels: int) -> PixelsRead:
        import tifffile

        try:
            if self._pages is None:
                self._file.seek(0)
                self._pages = tifffile.TiffFile(self._file).pages
            page = numbered_page(self._pages, number)
        except Exception as error:
            raise damaged(error, path) from error

        def by_pillow() -> Image.Image:
            return tiff_image(page.first_in(self._file)) if page.is_below else self._at(number, "TIFF")

        return read_tiff(page, path, max_pixels, by_pillow)

    def _frame(self, number: int, path: Path, max_pixels: int) -> Pixels:
        try:
            # Its size is known before a frame is unpacked.
            width, height = self._opened(*_ANIMATED).size
            if width * height > max_pixels:
                raise too_large(width, height, max_pixels, path)
            image = self._at(number, *_ANIMATED)
        except BadPhoto:
            raise
        except MemoryError as error:
            raise beyond_memory(width, height, path) from error
        except Exception as error:
            raise damaged(error, path) from error
        return decoded(image, path, max_pixels)

    def _at(self, number: int, *formats: str) -> Image.Image:
        """The file in Pillow, at one of its pages or frames."""
        image = self._opened(*formats)
        try:
            image.seek(number - 1)
        except BaseException:
            self._image = None  # nobody knows where it stands
            raise
        return image

    def _opened(self, *formats: str) -> Image.Image:
        if self._image is None:
            self._file.seek(0)
            image = Image.open(self._file, formats=formats)
            if image.format == "PNG":
                # Pillow's decoder ignores checksums and a missing end; its verifier does not.
                image.verify()
                self._file.seek(0)
                image = Image.open(self._file, formats=formats)
                at = self._file.tell()
                scale_colour_key(image, self._file)
                self._file.seek(at)
            self._image = image
        return self._image
