"""Regions of equal numbers: made connected, and freed of fragments."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Regions = NDArray[np.intp]


def components(regions: NDArray[Any]) -> Regions:
    """Number of the connected component of each pixel, ``[h, w]``, from 0 up in reading order.

    Pixels are connected by their sides, within equal values of ``regions [h, w]``.
    """
    first = np.arange(regions.size).reshape(regions.shape)
    while True:
        before = first
        for axis in (0, 1):
            first = _least_of_neighbours(first, regions, axis)
        # What a pixel points to may itself point further.
        first = first.ravel()[first]
        if np.array_equal(first, before):
            return _numbered(first)


def without_fragments(regions: NDArray[Any], n_least: int) -> Regions:
    """Connected regions of ``n_least`` pixels or more, numbered from 0 up in reading order.

    What is smaller joins the larger neighbour with which it shares the longest border.
    """
    joined = components(regions)
    while True:
        to = _joined_to(joined, n_least)
        if np.array_equal(to, np.arange(len(to))):
            return joined
        joined = _numbered(to[joined])


def _least_of_neighbours(first: Regions, regions: NDArray[Any], axis: int) -> Regions:
    least, least_view, of = first.copy(), first.swapaxes(0, axis), regions.swapaxes(0, axis)
    out = least.swapaxes(0, axis)
    same = of[1:] == of[:-1]
    np.minimum(out[1:], least_view[:-1], out=out[1:], where=same)
    np.minimum(out[:-1], least_view[1:], out=out[:-1], where=same)
    return least


def _joined_to(regions: Regions, n_least: int) -> Regions:
    """For each region the one that it joins, or itself; always a larger one, so there are no rings."""
    sizes = np.bincount(regions.ravel())
    to = np.arange(len(sizes))
    pairs, lengths = np.unique(_borders(regions), axis=0, return_counts=True)
    small, other = pairs.T
    larger = (sizes[other] > sizes[small]) | ((sizes[other] == sizes[small]) & (other > small))
    fitting = (sizes[small] < n_least) & larger
    small, other, lengths = small[fitting], other[fitting], lengths[fitting]
    order = np.argsort(lengths, kind="stable")
    to[small[order]] = other[order]  # of several the last one counts: that with the longest border
    while not np.array_equal(to[to], to):
        to = to[to]
    return to


def _borders(regions: Regions) -> Regions:
    """Both regions ``[n, 2]`` at every side between two pixels of different ones, either way round."""
    beside = np.stack((regions[:, 1:], regions[:, :-1]), -1).reshape(-1, 2)
    below = np.stack((regions[1:], regions[:-1]), -1).reshape(-1, 2)
    pairs = np.concatenate((beside, below))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return np.concatenate((pairs, pairs[:, ::-1]))


def _numbered(values: Regions) -> Regions:
    return np.unique(values, return_inverse=True)[1].reshape(values.shape)
