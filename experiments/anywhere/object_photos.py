"""The photos that are composed: faces and horses with truth, and cars, which show neither."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from experiments.anywhere.arrangements import SIDE_PX
from experiments.anywhere.composition import ObjectPhoto
from experiments.objects import KINDS, drawn, file_in, labels_of, without_twins
from experiments.photos import photos_file, read_labelled_photos
from experiments.protocol import PARTS_OF_IDS, PROTOCOL, Half
from partly.data.labels import FACE_PARTS
from partly.data.photos import PhotoSource, Pixels, find_photos, resize_pixels
from partly.evaluation.segmentation import TruthMapping

N_LABELLED_HORSES = 5
"""A network of horses may have learned from the first draw of so many; the others are measured on."""
_BLACK = 24
"""Brighter pixels are none of the bars, which JPEG has made a little uneven."""


def faces(data: Path | None, half: Half, n: int) -> list[ObjectPhoto]:
    """``n`` faces spread evenly over a half, at 512 px, truth in the ten parts; eyeglasses are not counted.

    Raises:
        NotAvailable: no folder was named, or it lacks the file.
    """
    mapping = TruthMapping(PARTS_OF_IDS, FACE_PARTS)
    n_choices = PROTOCOL.n_choices
    step = max(1, n_choices // n)
    chosen = slice(0, n_choices, step) if half == "choices" else slice(n_choices, None, step)
    return [
        ObjectPhoto(name, pixels, mapping.apply(ids, name)).resized(SIDE_PX, SIDE_PX)
        for name, pixels, ids in islice(read_labelled_photos(photos_file(data), chosen), n)
    ]


def horses(data: Path | None) -> list[ObjectPhoto]:
    """The horses with parts that no network of the first draw of five learned from.

    Raises:
        NotAvailable: no folder was named, or it lacks the file.
    """
    kind = KINDS["horses"]
    file = file_in(data, kind.file_name)
    truths = {f"images/{stem}.jpg": kind.ids(ids) for stem, ids in labels_of(file).items()}
    known = {photo.name: photo for photo in find_photos(file) if photo.name in truths}
    names = sorted(known)
    measured = without_twins(kind, names, drawn(names, N_LABELLED_HORSES, 0))
    return [ObjectPhoto(name, known[name].read().pixels, truths[name]) for name in measured]


def cars(data: Path | None, n: int) -> list[PhotoSource]:
    """``n`` photos of cars spread evenly over all but those of :func:`backdrops`; all where there are fewer.

    Raises:
        NotAvailable: no folder was named, or it lacks the file.
    """
    return _evenly(_all_cars(data)[::2], n)


def backdrops(data: Path | None, n: int) -> Iterator[Pixels]:
    """``n`` photos of cars as canvases of 512 px; none is read before it is asked for.

    Raises:
        NotAvailable: no folder was named, or it lacks the file.
    """
    yield from map(car_pixels, _evenly(_all_cars(data)[1::2], n))


def car_pixels(photo: PhotoSource) -> Pixels:
    """A photo of a car, 512 px square: with the black bars that the data pads photos with."""
    return resize_pixels(photo.read().pixels, SIDE_PX, SIDE_PX)


def car_without_bars(photo: PhotoSource) -> Pixels:
    """A photo of a car in its own shape, its longer side 512 px."""
    pixels = photo.read().pixels
    is_seen = pixels.max(axis=2) > _BLACK
    rows, columns = (np.flatnonzero(is_seen.any(axis=axis)) for axis in (1, 0))
    seen = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if len(rows) else pixels
    height, width = (round(SIDE_PX * length / max(seen.shape[:2])) for length in seen.shape[:2])
    return resize_pixels(seen, max(1, width), max(1, height))


def _all_cars(data: Path | None) -> list[PhotoSource]:
    return sorted(find_photos(file_in(data, KINDS["cars"].others)), key=lambda photo: photo.name)


def _evenly(all_of: list[PhotoSource], n: int) -> list[PhotoSource]:
    n = min(n, len(all_of))
    return [all_of[i * len(all_of) // n] for i in range(n)]
