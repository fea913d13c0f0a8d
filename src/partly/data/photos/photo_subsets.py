"""Some photos of a set as a set of their own, without a copy of them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from partly.data.photos.colour_modes import Pixels
from partly.data.photos.photo_sets import PhotoSet


def chosen_photos(photos: PhotoSet, rows: NDArray[np.intp]) -> PhotoSet:
    """Some photos of a set, read from where all of them are.

    Args:
        photos: the whole set.
        rows: ``[n]``, which of them, in this order.

    Returns:
        A set whose digest is of the whole set's digest and the rows; photos that cannot be read are told of
        by both.
    """
    digest = hashlib.sha256(f"{photos.digest} {rows.astype('<i8').tobytes().hex()}".encode()).hexdigest()
    squares = cast(Pixels, _ChosenRows(photos.squares, rows))
    return replace(photos, squares=squares, names=tuple(photos.names[row] for row in rows), digest=digest)


class _ChosenRows:
    """Rows of an array that are read when they are asked for: photos may be more than memory holds."""

    def __init__(self, array: Pixels, rows: NDArray[np.intp]) -> None:
        self._array, self._rows = array, rows
        self.shape = (len(rows), *array.shape[1:])

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, which: Any) -> Pixels:
        chosen: Pixels = self._array[self._rows[which]]
        return chosen
