"""What all measures of generators are given: features of pictures and of photos, and their checks.

Features are rows of numbers, ``[n, d]``: row ``i`` is what a feature network says of picture or photo ``i``.
Measures compare rows, so all rows must come from the same network.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from partly.errors import BadOption

Features = NDArray[np.floating]
# Rows worked on at once, so that memory stays bounded whatever the number of pictures: a block of distances
# between as many pictures and photos takes 8 MiB.
_BLOCK_ROWS = 1024


def row_blocks(n_rows: int) -> Iterator[slice]:
    """Spans that together are all rows, in order."""
    for start in range(0, n_rows, _BLOCK_ROWS):
        yield slice(start, min(start + _BLOCK_ROWS, n_rows))


def double(features: Features) -> NDArray[np.float64]:
    """The same numbers in double precision, in which everything is summed."""
    return features.astype(np.float64)


def check_features(features: Features, whose: str, *, least: int = 1, reason: str = "") -> None:
    """Check that features can be measured.

    Args:
        features: ``[n, d]``.
        whose: "pictures" or "photos", for the message.
        least: how many rows are needed.
        reason: why so many, for the message.

    Raises:
        BadOption: they are no rows of numbers, there are too few rows, or some are NaN or infinite.
    """
    if features.ndim != 2 or features.shape[1] == 0:
        raise BadOption(
            f"the features of the {whose} have shape {list(features.shape)}",
            expected="[n, d], a row of one number or more for each",
        )
    if len(features) < least:
        raise BadOption(
            f"there are {len(features)} {whose}",
            expected=f"{least} or more" + (f", {reason}" if reason else ""),
            remedy=f"Take more {whose}",
        )
    _check_finite(features, whose)


def check_same_width(n_of_pictures: int, n_of_others: int, whose: str = "photos") -> None:
    """Check that two sets of features may come from one network, by how many each row has.

    Raises:
        BadOption: they have not equally many.
    """
    if n_of_pictures != n_of_others:
        raise BadOption(
            f"pictures have {n_of_pictures} features each, {whose} {n_of_others}",
            expected="as many for both",
            remedy="Compute both with the same feature network",
        )


def _check_finite(features: Features, whose: str) -> None:
    bad = np.zeros(len(features), np.bool_)
    for rows in row_blocks(len(features)):
        bad[rows] = ~np.isfinite(features[rows]).all(axis=1)
    if bad.any():
        raise BadOption(
            f"the features of {np.count_nonzero(bad)} of {len(features)} {whose} are NaN or infinite",
            expected="finite numbers",
            remedy=f"Look at number {bad.argmax()}, counted from 0: "
            "a generator whose training has diverged, or a damaged photo, gives such features",
        )
