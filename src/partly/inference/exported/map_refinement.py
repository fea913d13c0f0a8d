"""Boundaries of parts that follow the edges of the photo: ``partly.models.refined`` in NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from partly.data.photos import Pixels

Maps = NDArray[np.float32]

_PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
# The same as there; a test compares what comes out.
_RADIUS_SHARE = 1 / 128
_EPSILON = 1e-3
_LEAST = 1e-6


def refined_maps(logits: Maps, pixels: Pixels) -> Maps:
    """Logits ``[k, h, w]`` whose probabilities went through the guided filter (He, Sun and Tang, ECCV 2010).

    Args:
        logits: of a photo.
        pixels: the photo at the same size, uint8 ``[h, w, 3]``.
    """
    guide = np.ascontiguousarray(pixels.transpose(2, 0, 1)).astype(np.float32) / np.float32(255)
    radius_px = max(1, round(_RADIUS_SHARE * max(pixels.shape[:2])))
    shares = _guided_filter(guide, softmax(logits), radius_px)
    refined: Maps = np.log(np.maximum(shares, _LEAST)).astype(np.float32)
    return refined


def softmax(logits: Maps) -> Maps:
    """Probabilities ``[k, h, w]``."""
    powers = np.exp(logits - logits.max(0))
    shares: Maps = powers / powers.sum(0)
    return shares


def _guided_filter(guide: Maps, maps: Maps, radius_px: int) -> NDArray[np.float64]:
    """Equations 19 to 21 of the paper, for a colour guide ``[3, h, w]`` and maps ``[k, h, w]``."""
    means = _window_means(guide, radius_px)
    mean_maps = _window_means(maps, radius_px)
    variances = [
        _window_means(guide[i] * guide[j], radius_px) - means[i] * means[j] + (_EPSILON if i == j else 0)
        for i, j in _PAIRS
    ]
    covariances = [_window_means(guide[i] * maps, radius_px) - means[i] * mean_maps for i in range(3)]
    slopes = _solved(variances, covariances)
    offsets = mean_maps - sum(slopes[i] * means[i] for i in range(3))
    smooth = sum(_window_means(slopes[i], radius_px) * guide[i] for i in range(3))
    filtered: NDArray[np.float64] = smooth + _window_means(offsets, radius_px)
    return filtered


def _window_means(maps: NDArray[np.floating], radius_px: int) -> NDArray[np.float64]:
    """Means of ``[..., h, w]`` over the pixels of each window that lie within the photo."""
    means = np.asarray(maps, np.float64)
    for axis in (-2, -1):
        means = _means_along(means, radius_px, axis)
    return means


def _means_along(maps: NDArray[np.float64], radius_px: int, axis: int) -> NDArray[np.float64]:
    """Means along one axis, by differences of running sums."""
    length = maps.shape[axis]
    zeros = np.zeros_like(np.take(maps, [0], axis))
    sums = np.concatenate([zeros, np.cumsum(maps, axis)], axis)
    places = np.arange(length)
    first, last = np.maximum(places - radius_px, 0), np.minimum(places + radius_px + 1, length)
    counts = (last - first).reshape((-1, 1) if axis == -2 else (-1,))
    means: NDArray[np.float64] = (np.take(sums, last, axis) - np.take(sums, first, axis)) / counts
    return means


def _solved(
    symmetric: list[NDArray[np.float64]], right: list[NDArray[np.float64]]
) -> list[NDArray[np.float64]]:
    """``x`` of ``A x = right`` at each pixel, by cofactors; of ``A`` the values that ``_PAIRS`` names."""
    a, b, c, d, e, f = symmetric
    cofactors = (d * f - e * e, c * e - b * f, b * e - c * d, a * f - c * c, b * c - a * e, a * d - b * b)
    determinant = a * cofactors[0] + b * cofactors[1] + c * cofactors[2]
    p, q, r, s, t, u = (one / determinant for one in cofactors)
    x, y, z = right
    return [p * x + q * y + r * z, q * x + s * y + t * z, r * x + t * y + u * z]
