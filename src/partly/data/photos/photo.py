"""Reading photos: upright 8-bit RGB pixels of whatever people have, or a BadPhoto that says why not."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from partly.data.photos.colour_modes import Pixels
from partly.data.photos.decoding import PixelsRead, decoded, head_of
from partly.data.photos.jpeg_endings import is_jpeg, is_padded, pixels_before_end
from partly.data.photos.photo_refusals import DamagedPhoto, damaged, unknown
from partly.data.photos.png_chunks import SIGNATURE, chunks_of_png, is_png, without_side_chunks
from partly.data.photos.strict_pillow import known_formats, strict_quiet_pillow
from partly.data.photos.tiff_pages import is_tiff, photo_page
from partly.data.photos.tiff_reading import read_tiff, tiff_image
from partly.errors import BadPhoto, listed

MAX_PIXELS = 200_000_000


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo in memory.

    Attributes:
        name: what it is called in messages and outputs.
        pixels: uint8 ``[h, w, 3]``, RGB, upright.
        sha256: digest of its file, where somebody took it.
        mended: what was put right, or left out, when it was read; empty for sound files.
    """

    name: str
    pixels: Pixels
    sha256: str | None = None
    mended: tuple[str, ...] = ()

    @property
    def width_px(self) -> int:
        """Width in pixels."""
        return int(self.pixels.shape[1])

    @property
    def height_px(self) -> int:
        """Height in pixels."""
        return int(self.pixels.shape[0])

    def renamed(self, name: str) -> Photo:
        """The same pixels under another name."""
        return replace(self, name=name)


def read_photo(
    source: str | Path | bytes | BinaryIO,
    name: str | None = None,
    *,
    max_pixels: int = MAX_PIXELS,
    at_least_px: int | None = None,
) -> Photo:
    """Read a photo: rotated as EXIF says, first frame or page, on white where transparent, 8-bit RGB.

    What the file holds decides, not its suffix. :func:`partly.data.photos.rgb_pixels` says how grey, deep
    and CMYK values map. A TIFF's first page is passed over where it is a thumbnail of a later one. Faults
    that leave all pixels as they are (a damaged side chunk of a PNG, a JPEG without its end marker) are
    told in the photo's ``mended``.

    Args:
        source: a path, the bytes of an image file, or an open binary file that can seek.
        name: the photo's name; the file's name when not given.
        max_pixels: larger photos are refused by their header, before anything is decoded.
        at_least_px: for a small image of it: a JPEG may be read at a half, a quarter or an eighth of its
            size, in a fraction of the time, if both sides stay at least so long.

    Raises:
        BadPhoto: missing, no image, of an unknown format, truncated, damaged or too large.
    """
    if isinstance(source, bytes):
        return _photo(io.BytesIO(source), name or "photo", Path(name or "photo"), max_pixels, at_least_px)
    if not isinstance(source, str | Path):
        label = name or str(getattr(source, "name", "photo"))
        return _photo(source, label, Path(label), max_pixels, at_least_px)
    path = Path(source)
    with open_file(path) as file:
        return _photo(file, name or path.name, path, max_pixels, at_least_px)


def photo_of(photo: Photo | str | Path | bytes | Pixels | Image.Image, name: str | None = None) -> Photo:
    """A :class:`Photo` of anything that holds one: a path, bytes, uint8 ``[h, w, 3]`` or a Pillow image.

    Arrays may also be ``[h, w]`` (grey) or ``[h, w, 4]`` (RGBA).

    Raises:
        BadPhoto: it cannot be read, or is an array of another type or shape.
    """
    if isinstance(photo, Photo):
        return photo
    if isinstance(photo, np.ndarray):
        shape_fits = photo.ndim == 2 or (photo.ndim == 3 and photo.shape[2] in (3, 4))
        if photo.dtype != np.uint8 or not shape_fits or photo.size == 0:
            raise BadPhoto(
                f"is an array of {photo.dtype} {list(photo.shape)}",
                expected="uint8 [h, w, 3], RGB",
                path=name,
            )
        photo = Image.fromarray(np.ascontiguousarray(photo))
    if isinstance(photo, Image.Image):
        path = Path(name or getattr(photo, "filename", "") or "photo")
        return Photo(name or path.name, decoded(photo, path, MAX_PIXELS))
    return read_photo(photo, name)


def open_file(path: Path) -> BinaryIO:
    """Open a photo's file for reading.

    Raises:
        BadPhoto: it is missing, a folder, or may not be read.
    """
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise BadPhoto("no such file", expected="a photo", path=path) from None
    except IsADirectoryError:
        raise BadPhoto("is a folder", expected="a photo", path=path) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise BadPhoto(f"cannot be opened ({reason})", expected="a photo", path=path) from error


def _photo(file: BinaryIO, name: str, path: Path, max_pixels: int, at_least_px: int | None) -> Photo:
    pixels, mended = _read(file, path, max_pixels, at_least_px)
    return Photo(name, pixels, mended=mended)


def _read(file: BinaryIO, path: Path, max_pixels: int, at_least_px: int | None) -> PixelsRead:
    head = head_of(file, path)
    with strict_quiet_pillow():
        if is_tiff(head) and (page := photo_page(file)) is not None:
            return read_tiff(page, path, max_pixels, lambda: tiff_image(page.first_in(file)))
        try:
            pixels = _opened_pixels(file, head, path, max_pixels, at_least_px)
            if is_jpeg(head) and is_padded(file):
                raise damaged(ValueError("zeros in place of its end"), path)
            return pixels, ()
        except DamagedPhoto as error:
            if is_png(head):
                return _read_mended_png(file, error, path, max_pixels)
            if is_jpeg(head):
                return _read_endless_jpeg(file, error, path, max_pixels, at_least_px)
            raise


def _opened_pixels(
    file: BinaryIO, head: bytes, path: Path, max_pixels: int, at_least_px: int | None = None
) -> Pixels:
    with _opened(file, head, path) as image:
        if at_least_px is not None and image.width * image.height <= max_pixels:
            # Only JPEG's decoder heeds it.
            image.draft(None, (at_least_px, at_least_px))
        return decoded(image, path, max_pixels, file)


def _read_mended_png(file: BinaryIO, error: DamagedPhoto, path: Path, max_pixels: int) -> PixelsRead:
    """The PNG without the chunks that its pixels do not need, one of which may be at fault.

    Raises:
        BadPhoto: what the pixels need is damaged too; ``error`` where nothing better can be said.
    """
    chunks = chunks_of_png(file)
    if chunks is None:
        raise error
    unsound = [chunk for chunk in chunks if not chunk.is_sound]
    if needed := [chunk.name for chunk in unsound if chunk.is_needed]:
        raise damaged(ValueError(f"wrong checksum of its chunk {needed[0]}"), path) from error
    pixels = _opened_pixels(without_side_chunks(chunks), SIGNATURE, path, max_pixels)
    names = listed(dict.fromkeys(chunk.name for chunk in unsound))
    return pixels, (f"left out what is damaged beside its pixels ({names})",) if names else ()


def _read_endless_jpeg(
    file: BinaryIO, error: DamagedPhoto, path: Path, max_pixels: int, at_least_px: int | None
) -> PixelsRead:
    """The JPEG, where nothing but its end marker is missing.

    Raises:
        DamagedPhoto: ``error``, where pixels are missing.
    """
    pixels = pixels_before_end(file, lambda ended: _opened_pixels(ended, b"", path, max_pixels, at_least_px))
    if pixels is None:
        raise error
    return pixels, ("its end marker is missing, all pixels are there",)


@contextmanager
def _opened(file: BinaryIO, head: bytes, path: Path) -> Iterator[Image.Image]:
    """The image by its header; nothing is decoded yet."""
    try:
        file.seek(0)
        image = Image.open(file, formats=known_formats())
    except UnidentifiedImageError:
        raise unknown(head, path) from None
    except Exception as error:
        raise damaged(error, path) from error
    with image:
        yield image
