"""Photos that a training does not learn from, so that its pictures can be compared with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from partly.data.photos import LEAST_PHOTOS, PhotoClasses, PhotoSet, chosen_photos
from partly.errors import BadOption
from partly.storage import shuffle_stream
from partly.training.recipes import LEAST_HELD_OUT

USUAL_HELD_OUT, ENOUGH_HELD_OUT = 512, 500
_ONE_IN = 10


def n_held_out(n_photos: int, asked: int | None) -> int:
    """How many photos are held out.

    Args:
        n_photos: that there are.
        asked: by the user; None: a tenth, at most 512.

    Raises:
        BadOption: they would be too few to compare pictures with, or all that there are.
    """
    n = min(USUAL_HELD_OUT, n_photos // _ONE_IN) if asked is None else asked
    if n < LEAST_HELD_OUT:
        raise BadOption(
            f"there are {n_photos} photos, and a tenth of them, {n}, would be held out",
            expected=f"{LEAST_HELD_OUT} held-out photos or more, to tell whether pictures get better",
            remedy=f"Give more photos; or say how many are held out (--hold-out {LEAST_HELD_OUT}); or train "
            "without --until, for a fixed length",
        )
    if n >= n_photos:
        raise BadOption(
            f"there are {n_photos} photos, and {n} would be held out",
            expected="fewer, since the others are learned from",
            remedy="Hold out fewer, or give more photos",
        )
    return n


def hold_out(
    photos: PhotoSet, n: int, seed: int, classes: PhotoClasses | None = None, *, mirror: bool = False
) -> tuple[PhotoSet, PhotoSet, PhotoClasses | None]:
    """Divide photos by chance: those to learn from, those held out, and the classes of the first.

    Args:
        photos: all of them.
        n: how many are held out. They are fewer where classes would be left with too few photos.
        seed: of the choice.
        classes: of the photos.
        mirror: mirror every other photo that is held out, as half of those are that are learned from.
    """
    order = shuffle_stream("photos held out of a training", seed).permutation(len(photos))
    out = order[_may_go(classes.indexes[order]) if classes else slice(None)][:n]
    rest = np.setdiff1d(np.arange(len(photos)), out)
    held = chosen_photos(photos, np.sort(out))
    squares = np.array(held.squares[:])
    if mirror:
        squares[1::2] = squares[1::2, :, ::-1]
    held = replace(held, squares=squares, digest=f"{held.digest}{', mirrored' if mirror else ''}")
    of_rest = classes and PhotoClasses(classes.names, classes.indexes[rest])
    return chosen_photos(photos, rest), held, of_rest


def _may_go(classes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the photos of an order may be held out: in it, the last two of each class may not."""
    may = np.ones(len(classes), np.bool_)
    for one in np.unique(classes):
        may[np.flatnonzero(classes == one)[-LEAST_PHOTOS:]] = False
    return may
