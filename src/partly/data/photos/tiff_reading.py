"""One page of a TIFF to pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from partly.data.photos.colour_modes import Pixels
from partly.data.photos.decoding import PixelsRead, decoded
from partly.data.photos.photo_refusals import (
    DamagedPhoto,
    beyond_memory,
    damaged,
    raw_photo,
    too_large,
    unknown_tiff,
)
from partly.data.photos.tiff_pages import PhotoPage
from partly.data.photos.tiff_samples import UnknownSamples, tiff_pixels
from partly.errors import BadPhoto


def read_tiff(
    page: PhotoPage, path: Path, max_pixels: int, by_pillow: Callable[[], Image.Image]
) -> PixelsRead:
    """The page that is the photo: by Pillow where it reads such samples rightly, else by tifffile.

    Args:
        page: the page.
        path: of the file, for errors.
        max_pixels: larger ones are refused.
        by_pillow: opens the page in Pillow; any error means that it cannot.
    """
    width, height = page.size
    if width * height > max_pixels:
        raise too_large(width, height, max_pixels, path)
    if page.is_raw:
        raise raw_photo(path)
    refused: BadPhoto | None = None
    if page.is_plain:
        try:
            return _page_by_pillow(by_pillow, path, max_pixels), page.notes
        except UnknownSamples:
            pass
        except DamagedPhoto as error:
            # Or of an arrangement that Pillow stumbles over.
            refused = error
    try:
        return tiff_pixels(page, max_pixels), page.notes
    except UnknownSamples:
        raise refused or unknown_tiff(page.described(), path) from None
    except MemoryError as error:
        raise beyond_memory(width, height, path) from error
    except Exception as error:
        raise refused or damaged(error, path) from error


def _page_by_pillow(opened: Callable[[], Image.Image], path: Path, max_pixels: int) -> Pixels:
    """A page of a TIFF.

    Raises:
        UnknownSamples: Pillow does not know its kind of samples or compression.
        BadPhoto: it is too large or damaged.
    """
    try:
        image = opened()
    # Tags are sound, for tifffile has read them.
    except Exception as error:
        raise UnknownSamples from error
    return decoded(image, path, max_pixels)


def tiff_image(file: BinaryIO) -> Image.Image:
    """Pillow's image of a TIFF, at its first page."""
    return Image.open(file, formats=("TIFF",))
