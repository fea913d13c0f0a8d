"""Named shapes, as all formats know them: regions of pixels with the name of a part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from partly.data.label_formats.brush_codes import brush_pixels
from partly.data.label_formats.run_lengths import pixels_of_runs
from partly.data.labels.rasterise import Mask, Points, ellipse_mask, polygon_mask


class Region(Protocol):
    """The pixels of a shape."""

    def mask(self, size: tuple[int, int]) -> Mask:
        """Mask, bool [h, w], in a picture of this height and width."""


@dataclass(frozen=True, eq=False)
class Polygons:
    """All that lies in at least one of some polygons, each [n, 2]."""

    polygons: tuple[Points, ...]

    def mask(self, size: tuple[int, int]) -> Mask:
        """Union of the polygons by the rule of pixel centres."""
        union = np.zeros(size, np.bool_)
        for points in self.polygons:
            union |= polygon_mask(points, size)
        return union


@dataclass(frozen=True)
class Ellipse:
    """An ellipse: centre x, y, radii along x and y before it is turned clockwise."""

    centre: tuple[float, float]
    radii: tuple[float, float]
    rotation_deg: float = 0.0

    def mask(self, size: tuple[int, int]) -> Mask:
        """The ellipse by the rule of pixel centres."""
        return ellipse_mask(self.centre, self.radii, size, self.rotation_deg)


@dataclass(frozen=True, eq=False)
class Patch:
    """A bitmap, bool [p, q], and the place of its top left pixel; what leaves the picture is cut."""

    pixels: Mask
    left: int
    top: int

    def mask(self, size: tuple[int, int]) -> Mask:
        """The bitmap in its place."""
        whole = np.zeros(size, np.bool_)
        (p, q), (height, width) = self.pixels.shape, size
        top, left = max(0, self.top), max(0, self.left)
        bottom, right = min(height, self.top + p), min(width, self.left + q)
        if top < bottom and left < right:
            whole[top:bottom, left:right] = self.pixels[
                top - self.top : bottom - self.top, left - self.left : right - self.left
            ]
        return whole


@dataclass(frozen=True)
class Runs:
    """Run lengths of a box of pixels, by rows or by columns; decoded when painted, to save memory."""

    lengths: tuple[int, ...]
    shape: tuple[int, int]
    left: int = 0
    top: int = 0
    by_columns: bool = False

    def mask(self, size: tuple[int, int]) -> Mask:
        """The runs in their place.

        Raises:
            ValueError: the runs do not fit the box.
        """
        pixels = pixels_of_runs(self.lengths, self.shape[0] * self.shape[1])
        box = pixels.reshape(self.shape, order="F" if self.by_columns else "C")
        return Patch(box, self.left, self.top).mask(size)


@dataclass(frozen=True)
class Brush:
    """A stroke of Label Studio's brush, as it codes pictures of ``shape``; decoded when painted."""

    code: bytes
    shape: tuple[int, int]

    def mask(self, size: tuple[int, int]) -> Mask:
        """The pixels that the stroke covers by half or more.

        Raises:
            ValueError: the code is damaged, or that of a picture of another size.
        """
        pixels = brush_pixels(self.code, self.shape[0] * self.shape[1])
        return Patch(pixels.reshape(self.shape), 0, 0).mask(size)


NOTHING = Polygons(())
"""The region of shapes that cannot cover anything, such as polygons of two points."""

_FEWEST_CORNERS = 3


@dataclass(frozen=True)
class Shape:
    """A region and the name of its part; ``where`` says which shape it is, for errors."""

    label: str
    region: Region
    where: str


@dataclass(frozen=True)
class ImageShapes:
    """The shapes of one picture in painting order: later ones cover earlier ones.

    Attributes:
        image_name: as the label file gives it, with forward slashes.
        size: height and width; of no interest where there is no shape.
        shapes: all of them.
        path: the label file.
    """

    image_name: str
    size: tuple[int, int]
    shapes: Sequence[Shape]
    path: Path


def polygon_shapes(label: str, polygons: Sequence[Points], where: str) -> list[Shape]:
    """The shape that some polygons, each [n, 2], make together, and one without area for each that has none.

    Labelling programs leave polygons of two points behind, which cover nothing; they are kept apart, so that
    they can be told of.
    """
    areas = tuple(points for points in polygons if len(points) >= _FEWEST_CORNERS)
    together = [Shape(label, Polygons(areas), where)] if areas else []
    return together + [Shape(label, NOTHING, where)] * (max(1, len(polygons)) - len(areas))
