"""Sizes of pictures that lie where a label file expects them, for formats that do not state sizes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from partly.data.label_formats.picture_sizes import Size

_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif", ".jp2", ".ppm")
_ANY_SUFFIX = (*_SUFFIXES, *map(str.upper, _SUFFIXES))
_ORIENTATION = 0x0112
_LYING = (5, 6, 7, 8)


def size_on_disk(places: Iterable[Path]) -> Size | None:
    """Height and width, upright, of the first picture at these places; None: there is none.

    Args:
        places: files, with a suffix of pictures or, where labels do not say it, any other or none.
    """
    for place in places:
        suffixes = (
            ("",) if place.suffix.lower() in _SUFFIXES else _SUFFIXES + tuple(map(str.upper, _SUFFIXES))
        )
        for suffix in suffixes:
            if (size := _size(place.with_name(place.name + suffix))) is not None:
                return size
    return None


def _size(path: Path) -> Size | None:
    try:
        if not path.is_file():  # a pipe or a device would be waited for
            return None
        with Image.open(path) as image:
            lies = image.getexif().get(_ORIENTATION) in _LYING
            return (image.width, image.height) if lies else (image.height, image.width)
    # Decoders given damaged files raise nearly anything; then the size is not known.
    except Exception:  # noqa: BLE001
        return None
