"""Pillow as photos are read with it: without warnings, without its own limits, never lenient."""

from __future__ import annotations

import ctypes
import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

from PIL import Image, ImageFile, _imaging

# Only formats that Pillow decodes by itself: EPS, for one, would start Ghostscript.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "PPM", "JPEG2000", "AVIF")

_state = threading.RLock()


def known_formats() -> tuple[str, ...]:
    """Those of ``FORMATS`` that this Pillow was built with."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


@contextmanager
def strict_quiet_pillow() -> Iterator[None]:
    """Pillow without warnings, without its own pixel limit (ours holds) and never lenient with truncation.

    tifffile, which reads TIFFs beside it, does not log either. Both keep these settings, and Python its
    warning filters, per process: hence the lock.
    """
    _hush()
    with _state, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tifffile_log = logging.getLogger("tifffile")
        before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, tifffile_log.disabled
        Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, tifffile_log.disabled = None, False, True
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, tifffile_log.disabled = before


@cache
def _hush() -> None:
    """Stop Pillow and libtiff from writing to standard error what they think of a file; errors tell it.

    libtiff, which writes past Python, is asked through Pillow's own library, which is linked to it. Where
    that cannot be, it stays loud.
    """
    # Pillow's own log, which goes there where a program has set up none.
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(_imaging.__file__)
        for set_handler in (library.TIFFSetErrorHandler, library.TIFFSetWarningHandler):
            set_handler.argtypes, set_handler.restype = [ctypes.c_void_p], ctypes.c_void_p
            set_handler(None)
