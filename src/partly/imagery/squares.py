"""Photos of any shape as squares."""

from __future__ import annotations

import numpy as np

from partly.imagery.encoding import resize_pixels
from partly.imagery.modes import Pixels


def padded_square(pixels: Pixels, size_px: int) -> tuple[Pixels, tuple[slice, slice]]:
    """A whole photo in a square, its edges repeated outwards.

    Args:
        pixels: uint8 ``[h, w, 3]``.
        size_px: side of the square, and of the photo's longer side in it.

    Returns:
        The square uint8 ``[size_px, size_px, 3]``, and the rows and columns of the photo in it.
    """
    height, width = pixels.shape[:2]
    scale = size_px / max(height, width)
    height, width = max(1, round(height * scale)), max(1, round(width * scale))
    top, left = (size_px - height) // 2, (size_px - width) // 2
    padding = ((top, size_px - height - top), (left, size_px - width - left), (0, 0))
    square = np.pad(resize_pixels(pixels, width, height), padding, mode="edge")
    return square, (slice(top, top + height), slice(left, left + width))


def central_square(pixels: Pixels, size_px: int) -> Pixels:
    """The middle of a photo uint8 ``[h, w, 3]``, as large as fits, resized to ``size_px``."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return resize_pixels(np.ascontiguousarray(pixels[top : top + side, left : left + side]), size_px, size_px)
