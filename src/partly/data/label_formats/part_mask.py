"""Where one part is in a picture, or where it is of one object, as far as label formats ask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from partly.data.label_formats.run_lengths import run_lengths_by_columns
from partly.data.labels.outlines import Outline, outline_polygons
from partly.data.labels.rasterise import Mask


@dataclass(frozen=True, eq=False)
class PartMask:
    """A mask that has pixels; of a small object in a large picture, little is kept.

    Attributes:
        name: of the part.
        inside: the mask within a box, bool ``[h, w]``; outside of it there is nothing.
        left: of the box.
        top: of the box.
        shape: height and width of the picture.
        object_number: of the object that it belongs to; None: of none, or objects are not told apart.
    """

    name: str
    inside: Mask
    left: int
    top: int
    shape: tuple[int, int]
    object_number: int | None = None

    @property
    def mask(self) -> Mask:
        """Of the whole picture, bool ``[h, w]``."""
        if self.inside.shape == self.shape:
            return self.inside
        mask = np.zeros(self.shape, bool)
        height, width = self.inside.shape
        mask[self.top : self.top + height, self.left : self.left + width] = self.inside
        return mask

    @property
    def n_pixels(self) -> int:
        """How many it has."""
        return int(self.inside.sum())

    def polygons(self) -> list[Outline]:
        """Its outlines, as :func:`partly.data.labels.outline_polygons` gives them of the whole picture."""
        corner = np.array((self.left, self.top))
        return [points + corner for points in outline_polygons(self.inside)]

    def bounding_box(self) -> tuple[int, int, int, int]:
        """Left, top, width and height of the smallest box around it."""
        rows = np.flatnonzero(self.inside.any(axis=1))
        columns = np.flatnonzero(self.inside.any(axis=0))
        left, top = int(columns[0]), int(rows[0])
        width, height = int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top
        return self.left + left, self.top + top, width, height

    def in_bounding_box(self) -> Mask:
        """The mask in that box, bool ``[height, width]``."""
        left, top, width, height = self.bounding_box()
        left, top = left - self.left, top - self.top
        return self.inside[top : top + height, left : left + width]

    def run_lengths_by_columns(self) -> list[int]:
        """Lengths of the runs of the whole picture's pixels, off first, column after column."""
        return run_lengths_by_columns(self.inside, self.left, self.top, self.shape)
