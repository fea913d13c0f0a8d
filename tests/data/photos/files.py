"""Image files made for tests."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image


def gradient(height: int = 24, width: int = 32) -> np.ndarray:
    """Smooth uint8 [h, w, 3] in which no two corners, rows or columns are equal."""
    y, x = np.mgrid[0:height, 0:width]
    red, green = y * 200 // max(1, height - 1), x * 200 // max(1, width - 1)
    return np.stack([red, green, (red + green) // 2], axis=-1).astype(np.uint8)


def encoded(image: Image.Image | np.ndarray, fmt: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(buffer, fmt, **options)
    return buffer.getvalue()
