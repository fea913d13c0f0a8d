"""Bilinear resizing of maps as torch does it (``F.interpolate``), in NumPy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Maps = NDArray[np.float32]

_STRIP_VALUES = 1 << 17
"""Values that are upsampled at a time: half a MiB, which stays in the cache of a core."""


def resized_maps(maps: Maps, height: int, width: int) -> Maps:
    """Maps ``[k, h, w]`` at another size, as bilinear interpolation without antialiasing gives them."""
    return _taken_rows(_taken_columns(maps, width), height, 0, height)


def upsampled_strips(maps: Maps, height: int, width: int) -> Iterator[Maps]:
    """Maps ``[k, h, w]`` at another size, as consecutive strips ``[k, n, width]``; antialiased where smaller.

    As :func:`partly.inference.segment.segment_photo` has it, so that huge photos need little memory.
    """
    n_maps, h, w = maps.shape
    if height <= h and width <= w:
        rows, columns = antialiasing_weights(h, height), antialiasing_weights(w, width)
        yield rows @ (maps @ columns.T)
        return
    maps = _taken_columns(maps, width)
    n_rows = max(1, _STRIP_VALUES // (n_maps * width))
    for top in range(0, height, n_rows):
        yield _taken_rows(maps, height, top, min(top + n_rows, height))


def antialiasing_weights(old: int, new: int) -> NDArray[np.float32]:
    """Antialiased bilinear shrinking of a side as the matrix ``[new, old]`` that it is; rows add up to 1.

    A row is a triangle that reaches as far to both sides as a new pixel is wide.
    """
    scale = old / new
    centres = (np.arange(new) + 0.5) * scale
    distances = np.abs(np.arange(old) + 0.5 - centres[:, None]) / scale
    weights = np.clip(1 - distances, 0, None)
    shares: NDArray[np.float32] = (weights / weights.sum(1, keepdims=True)).astype(np.float32)
    return shares


def _taken_columns(maps: Maps, width: int) -> Maps:
    if maps.shape[2] == width:
        return maps
    before, after, shares = _neighbours(maps.shape[2], width, 0, width)
    left = maps[:, :, before]
    right = maps[:, :, after]
    right -= left
    right *= shares
    right += left
    return right


def _taken_rows(maps: Maps, height: int, top: int, bottom: int) -> Maps:
    """Rows ``top`` to ``bottom`` of the maps at that height."""
    if maps.shape[1] == height:
        return maps[:, top:bottom]
    before, after, shares = _neighbours(maps.shape[1], height, top, bottom)
    above = maps[:, before]
    below = maps[:, after]
    below -= above
    below *= shares[:, None]
    below += above
    return below


def _neighbours(
    old: int, new: int, first: int, last: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """For new places ``first`` to ``last``: the old ones before and after, and the share of the one after."""
    at = (np.arange(first, last, dtype=np.float32) + np.float32(0.5)) * np.float32(old / new)
    at = np.clip(at - np.float32(0.5), 0, old - 1).astype(np.float32)
    before = np.floor(at).astype(np.int64)
    return before, np.minimum(before + 1, old - 1), at - before.astype(np.float32)
