"""Pictures inside the page: shrunk, encoded, and written as data URIs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from partly.imagery.encoding import jpeg_data_uri, png_data_uri, thumbnail

Pixels = NDArray[np.uint8]
MAX_SIZE_PX = 512


def picture_uri(pixels: Pixels, *, flat: bool = False, max_size_px: int = MAX_SIZE_PX) -> str:
    """A picture as data URI: JPEG, or PNG for a coloured label map.

    Args:
        pixels: ``uint8 [h, w, 3]``.
        flat: few colours with hard edges: shrunk without blending, kept without loss.
        max_size_px: the longer side is shrunk to this.
    """
    if flat:
        return png_data_uri(thin_out(pixels, max_size_px))
    return jpeg_data_uri(thumbnail(pixels, max_size_px))


def thin_out(pixels: Pixels, max_size_px: int) -> Pixels:
    """Shrink ``uint8 [h, w]`` or ``[h, w, c]`` by leaving pixels out, until its longer side fits."""
    step = -(-max(pixels.shape[:2]) // max_size_px)
    return pixels[::step, ::step]
