"""Reading photos: upright 8-bit RGB pixels of whatever people have, or a BadPhoto that says why not."""

from __future__ import annotations

import io
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from partly.data.photos.colour_modes import Pixels, rgb_pixels
from partly.errors import BadPhoto

MAX_PIXELS = 200_000_000

# Only formats that Pillow decodes by itself: EPS, for one, would start Ghostscript.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "PPM", "JPEG2000", "AVIF")

_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

# EXIF orientation -> what makes the photo upright (Exif 2.32, tag 0x0112).
_UPRIGHT: dict[int, Callable[[Pixels], Pixels]] = {
    1: lambda p: p,
    2: np.fliplr,
    3: lambda p: np.rot90(p, 2),
    4: np.flipud,
    5: lambda p: p.swapaxes(0, 1),
    6: lambda p: np.rot90(p, -1),
    7: lambda p: p.swapaxes(0, 1)[::-1, ::-1],
    8: lambda p: np.rot90(p, 1),
}

_pillow_state = threading.RLock()


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo in memory.

    Attributes:
        name: what it is called in messages and outputs.
        pixels: uint8 ``[h, w, 3]``, RGB, upright.
        sha256: digest of its file, where somebody took it.
    """

    name: str
    pixels: Pixels
    sha256: str | None = None

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
        return Photo(name, self.pixels, self.sha256)


def read_photo(
    source: str | Path | bytes | BinaryIO,
    name: str | None = None,
    *,
    max_pixels: int = MAX_PIXELS,
    at_least_px: int | None = None,
) -> Photo:
    """Read a photo: rotated as EXIF says, first frame or page, on white where transparent, 8-bit RGB.

    What the file holds decides, not its suffix. :func:`partly.data.photos.rgb_pixels` says how grey, deep
    and CMYK values map.

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
        path = Path(name or "photo")
        return Photo(name or "photo", _read(io.BytesIO(source), path, max_pixels, at_least_px))
    if not isinstance(source, str | Path):
        label = name or str(getattr(source, "name", "photo"))
        return Photo(label, _read(source, Path(label), max_pixels, at_least_px))
    path = Path(source)
    with open_file(path) as file:
        return Photo(name or path.name, _read(file, path, max_pixels, at_least_px))


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
        return Photo(name or path.name, _decode(photo, path, MAX_PIXELS))
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


def _read(file: BinaryIO, path: Path, max_pixels: int, at_least_px: int | None) -> Pixels:
    try:
        file.seek(0)
        head = file.read(32)
    except OSError as error:
        raise BadPhoto(f"cannot be read ({error.strerror or error})", path=path) from error
    if not head:
        raise BadPhoto("is empty", expected="an image file", path=path)
    with _strict_quiet_pillow(), _opened(file, head, path) as image:
        if at_least_px is not None and image.width * image.height <= max_pixels:
            # Only JPEG's decoder heeds it.
            image.draft(None, (at_least_px, at_least_px))
        return _decode(image, path, max_pixels, file)


@contextmanager
def _opened(file: BinaryIO, head: bytes, path: Path) -> Iterator[Image.Image]:
    """The image by its header; nothing is decoded yet."""
    try:
        image = Image.open(file, formats=_known_formats())
    except UnidentifiedImageError:
        raise _unknown(head, path) from None
    except Exception as error:
        raise _damaged(error, path) from error
    with image:
        yield image


def _decode(image: Image.Image, path: Path, max_pixels: int, file: BinaryIO | None = None) -> Pixels:
    n_pixels = image.width * image.height
    if n_pixels > max_pixels:
        raise BadPhoto(
            f"has {image.width} x {image.height} pixels ({n_pixels / 1e6:.0f} megapixels)",
            expected=f"at most {max_pixels / 1e6:.0f} megapixels",
            remedy="Make it smaller first",
            path=path,
        )
    try:
        with _strict_quiet_pillow():
            if file is not None and image.format == "PNG":
                # Pillow's decoder ignores PNG checksums and a missing end; its verifier does not.
                image.verify()
                image = Image.open(file, formats=("PNG",))
            image.load()
            return np.ascontiguousarray(_UPRIGHT[_orientation(image)](rgb_pixels(image)))
    except MemoryError as error:
        raise BadPhoto(
            f"has {image.width} x {image.height} pixels, more than fit into memory",
            remedy="Make it smaller first",
            path=path,
        ) from error
    # Decoders given damaged files raise nearly anything: SyntaxError, struct.error, IndexError, OSError...
    except Exception as error:
        raise _damaged(error, path) from error


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; read after decoding, since Pillow turns TIFFs by itself while it does."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, struct.error):
        return 1  # a photo with a damaged EXIF block is still a photo
    return value if value in _UPRIGHT else 1


def _unknown(head: bytes, path: Path) -> BadPhoto:
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return BadPhoto(
            "is a HEIF (HEIC) photo, which cannot be read",
            expected="JPEG, PNG, WebP or TIFF",
            remedy="Convert it to JPEG first",
            path=path,
        )
    return BadPhoto(
        "is no image of a known format, or damaged in its first bytes",
        expected="one of " + ", ".join(FORMATS),
        path=path,
    )


def _damaged(error: Exception, path: Path) -> BadPhoto:
    reason = " ".join(str(error).split()) or type(error).__name__
    return BadPhoto(
        f"is truncated or damaged ({reason})",
        expected="a whole image file",
        remedy="Copy or export it again",
        path=path,
    )


def _known_formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


@contextmanager
def _strict_quiet_pillow() -> Iterator[None]:
    """Pillow without warnings, without its own pixel limit (ours holds) and never lenient with truncation.

    Pillow keeps these settings, and Python its warning filters, per process: hence the lock.
    """
    with _pillow_state, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
        Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = None, False
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = before
