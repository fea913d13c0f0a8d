"""Layers of colour and of parts, one over the other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from partly.data.labels.label_maps import LabelMap
from partly.data.labels.part_sets import FACE_PARTS
from partly.data.photos.colour_modes import Pixels
from partly.data.portraits.face_geometry import Frame, Plane
from partly.data.portraits.palette import Rgb

Colours = NDArray[np.floating[Any]]
"""Colours float32 ``[3, h, w]``, 0 to 1."""


class Canvas:
    """A picture with several subpixels to a pixel, and the part of every subpixel.

    Args:
        size_px: side of the picture.
        n_subpixels: along one side of a pixel.
    """

    def __init__(self, size_px: int, n_subpixels: int) -> None:
        self.side_px = size_px * n_subpixels
        self._n = n_subpixels
        self._colours: Colours = np.zeros((3, self.side_px, self.side_px), np.float32)
        self._parts = np.zeros((self.side_px, self.side_px), np.uint8)

    def fill(self, colours: Colours) -> None:
        """Make all of it background of these colours, ``[3, h, w]``."""
        self._colours[:] = colours
        self._parts[:] = FACE_PARTS.index("background")

    def paint(self, at: Frame, cover: Plane, colour: Rgb | Colours, part: str | None = None) -> None:
        """Put a layer on top.

        Args:
            at: the window.
            cover: how much of what was there is hidden, ``[h, w]``, 0 to 1.
            colour: one colour, or ``[3, h, w]``.
            part: what is there from now on, where more than half is hidden; None leaves the parts alone.
        """
        there = self._colours[:, at.rows, at.columns]
        there += cover * ((as_plane(colour) if isinstance(colour, tuple) else colour) - there)
        if part is not None:
            self._parts[at.rows, at.columns][cover > 0.5] = FACE_PARTS.index(part)

    def shade(self, at: Frame, factor: Plane | Colours) -> None:
        """Multiply what is there, ``[h, w]`` or ``[3, h, w]``; the parts stay."""
        self._colours[:, at.rows, at.columns] *= factor

    def colours(self) -> Colours:
        """The mean colour of every pixel, ``[3, s, s]``."""
        n = self._n
        total = self._colours[:, ::n, ::n].copy()
        for step in range(1, n * n):
            total += self._colours[:, step // n :: n, step % n :: n]
        return total / (n * n)

    def label_map(self) -> LabelMap:
        """The part that covers most of every pixel, ``uint8 [s, s]``; of equal ones the first."""
        n = self._n
        subpixels = [self._parts[step // n :: n, step % n :: n] for step in range(n * n)]
        label_map = subpixels[0].copy()
        mixed = np.zeros(label_map.shape, bool)
        for subpixel in subpixels[1:]:
            mixed |= subpixel != label_map
        # Only pixels on an edge need counting.
        ids = np.arange(FACE_PARTS.n_parts, dtype=np.uint8)[:, None]
        counts = np.zeros((len(ids), int(mixed.sum())), np.uint8)
        for subpixel in subpixels:
            counts += subpixel[mixed] == ids
        label_map[mixed] = counts.argmax(0).astype(np.uint8)
        return label_map


def as_pixels(colours: Colours) -> Pixels:
    """Colours ``[3, s, s]``, 0 to 1, as ``uint8 [s, s, 3]``; what lies outside is cut off."""
    scaled = np.rint(np.clip(colours, 0, 1) * 255).astype(np.uint8)
    return np.ascontiguousarray(scaled.transpose(1, 2, 0))


def as_plane(colour: Rgb) -> Colours:
    """One colour as ``[3, 1, 1]``."""
    return np.array(colour, np.float32)[:, None, None]
