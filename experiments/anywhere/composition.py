"""One or several photos of objects as one photo, with the truth and the frame of each object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from partly.data.labels import UNLABELLED, LabelMap, resize_label_map
from partly.data.photos import Pixels, resize_pixels
from partly.inference.find import Frame, wrapped_deg


@dataclass(frozen=True, eq=False)
class ObjectPhoto:
    """A photo that one object fills.

    Attributes:
        name: of the photo.
        pixels: uint8 ``[h, w, 3]``.
        truth: part ids, uint8 ``[h, w]``; 255 is not counted.
    """

    name: str
    pixels: Pixels
    truth: LabelMap

    def resized(self, width_px: int, height_px: int) -> ObjectPhoto:
        """The same at another size."""
        truth = resize_label_map(self.truth, (height_px, width_px))
        return ObjectPhoto(self.name, resize_pixels(self.pixels, width_px, height_px), truth)


@dataclass(frozen=True, eq=False)
class Composition:
    """A photo with known objects.

    Attributes:
        name: of the photos in it.
        pixels: uint8 ``[h, w, 3]``.
        truth: part ids, uint8 ``[h, w]``; 255 is not counted.
        frames: of the objects; the square that the object's own photo fills, also where it is cut.
    """

    name: str
    pixels: Pixels
    truth: LabelMap
    frames: tuple[Frame, ...]

    @property
    def n_objects(self) -> int:
        """How many objects the photo shows."""
        return len(self.frames)


@dataclass(frozen=True)
class Place:
    """Where a photo is put, in whole pixels; it may reach beyond the canvas."""

    left: int
    top: int
    width: int
    height: int

    @property
    def frame(self) -> Frame:
        """The square around its centre that holds it."""
        centre_x, centre_y = self.left + self.width / 2, self.top + self.height / 2
        return Frame(centre_x, centre_y, max(self.width, self.height))


@dataclass
class Canvas:
    """What photos are put on: pixels without any object.

    Attributes:
        pixels: uint8 ``[h, w, 3]``; they are written to.
    """

    pixels: Pixels
    _names: list[str] = field(default_factory=list)
    _frames: list[Frame] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._truth: LabelMap = np.zeros(self.pixels.shape[:2], np.uint8)

    def put(self, photo: ObjectPhoto, place: Place) -> None:
        """Put a photo somewhere, over what is there."""
        height, width = self._truth.shape
        shown = photo.resized(place.width, place.height)
        rows = slice(max(0, place.top), min(height, place.top + place.height))
        columns = slice(max(0, place.left), min(width, place.left + place.width))
        own_rows = slice(rows.start - place.top, rows.stop - place.top)
        own_columns = slice(columns.start - place.left, columns.stop - place.left)
        self.pixels[rows, columns] = shown.pixels[own_rows, own_columns]
        self._truth[rows, columns] = shown.truth[own_rows, own_columns]
        self._names.append(photo.name)
        self._frames.append(place.frame)

    def composition(self) -> Composition:
        """What is there now."""
        return Composition(", ".join(self._names), self.pixels, self._truth, tuple(self._frames))


def as_it_is(photo: ObjectPhoto) -> Composition:
    """The photo itself."""
    height, width = photo.truth.shape
    return Composition(photo.name, photo.pixels, photo.truth, (Place(0, 0, width, height).frame,))


def turned(photo: ObjectPhoto, angle_deg: float) -> Composition:
    """A square photo turned about its centre, counter-clockwise, on a canvas of its size.

    The corners are filled by reflection; there the truth is not counted.
    """
    side = len(photo.truth)
    if photo.truth.shape != (side, side):
        raise ValueError(f"{photo.name} is {photo.truth.shape}, and no square")
    frame = Frame(side / 2, side / 2, side, wrapped_deg(angle_deg))
    if angle_deg % 90 == 0:
        times = round(angle_deg / 90)
        pixels, truth = np.rot90(photo.pixels, times), np.rot90(photo.truth, times)
        return Composition(photo.name, pixels.copy(), truth.copy(), (frame,))
    margin = side // 4  # more than half of what the diagonal is longer than the side
    around = np.pad(photo.pixels, ((margin, margin), (margin, margin), (0, 0)), "reflect")
    whole = Image.fromarray(around).rotate(angle_deg, Image.Resampling.BICUBIC)
    pixels = np.asarray(whole)[margin:-margin, margin:-margin]
    truth = np.asarray(Image.fromarray(photo.truth).rotate(angle_deg, fillcolor=UNLABELLED))
    return Composition(photo.name, pixels, truth, (frame,))


def tiled(photos: Sequence[ObjectPhoto], n_across: int, side_px: int) -> Composition:
    """``n_across`` squared photos of objects in rows, on a square of ``side_px``."""
    if len(photos) != n_across**2:
        raise ValueError(f"{len(photos)} photos; expected {n_across**2}")
    edges = [round(side_px * i / n_across) for i in range(n_across + 1)]
    canvas = Canvas(np.zeros((side_px, side_px, 3), np.uint8))
    for i, photo in enumerate(photos):
        row, column = divmod(i, n_across)
        left, top = edges[column], edges[row]
        canvas.put(photo, Place(left, top, edges[column + 1] - left, edges[row + 1] - top))
    return canvas.composition()


def in_a_row(photos: Sequence[ObjectPhoto], height_px: int) -> Composition:
    """Photos of objects side by side at one height, their shapes kept."""
    widths = [max(1, round(height_px * photo.truth.shape[1] / photo.truth.shape[0])) for photo in photos]
    canvas = Canvas(np.zeros((height_px, sum(widths), 3), np.uint8))
    for i, photo in enumerate(photos):
        canvas.put(photo, Place(sum(widths[:i]), 0, widths[i], height_px))
    return canvas.composition()
