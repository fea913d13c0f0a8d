"""Intersection over union of parts, in both conventions of the literature.

Everything is computed from confusion matrices ``int64 [k, k]``: ``matrix[t, p]`` counts the pixels of part
``t`` in the truth that were predicted as part ``p``. Matrices add up, so a set of photos of any number and
size is streamed: one matrix for each photo, and their sum.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partly.data.labels.part_sets import UNLABELLED
from partly.errors import BadLabel

Counts = NDArray[np.int64]
# Pixels counted at once, so that a huge photo needs no huge arrays of 64-bit ids.
_CHUNK_PIXELS = 1 << 20


def confusion_matrix(
    truth: NDArray[np.integer], prediction: NDArray[np.integer], n_parts: int, *, ignored: int = UNLABELLED
) -> Counts:
    """Count the pixels of every pair of true and predicted part.

    Args:
        truth: part ids, of any shape; pixels that are ``ignored`` are left out of the count.
        prediction: part ids of the same shape, a part at every counted pixel.
        n_parts: k, the number of parts.
        ignored: the id of pixels without truth.

    Returns:
        ``int64 [k, k]``, rows for the truth, columns for the prediction.

    Raises:
        BadLabel: the shapes differ, or a counted pixel holds an id outside 0 .. k - 1.
    """
    if truth.shape != prediction.shape:
        raise BadLabel(
            f"the prediction has shape {prediction.shape}", expected=f"the truth's shape {truth.shape}"
        )
    matrix = np.zeros((n_parts, n_parts), np.int64)
    true_ids, predicted_ids = truth.reshape(-1), prediction.reshape(-1)
    for start in range(0, true_ids.size, _CHUNK_PIXELS):
        chunk = slice(start, start + _CHUNK_PIXELS)
        matrix += _count_pairs(true_ids[chunk], predicted_ids[chunk], n_parts, ignored)
    return matrix


def _count_pairs(
    truth: NDArray[np.integer], prediction: NDArray[np.integer], n_parts: int, ignored: int
) -> Counts:
    counted = truth != ignored
    true_ids, predicted_ids = truth[counted].astype(np.int64), prediction[counted].astype(np.int64)
    _check_ids("truth", true_ids, n_parts)
    _check_ids("prediction", predicted_ids, n_parts)
    pairs = np.bincount(true_ids * n_parts + predicted_ids, minlength=n_parts * n_parts)
    return pairs.reshape(n_parts, n_parts)


def _check_ids(role: str, ids: NDArray[np.int64], n_parts: int) -> None:
    if ids.size and (ids.min() < 0 or ids.max() >= n_parts):
        unknown = np.unique(ids[(ids < 0) | (ids >= n_parts)]).tolist()
        raise BadLabel(f"the {role} has unknown part ids {unknown}", expected=f"ids from 0 to {n_parts - 1}")


def part_iou(matrix: Counts) -> NDArray[np.float64]:
    """IoU of every part, pooled over all that the matrix counts.

    Returns:
        ``float64 [k]`` in [0, 1]; NaN for parts that are neither in the truth nor in the prediction.
    """
    intersections = np.diagonal(matrix)
    unions = matrix.sum(axis=0) + matrix.sum(axis=1) - intersections
    return _share(intersections, unions)


def photo_iou(matrix: Counts) -> NDArray[np.float64]:
    """IoU of every part that is in the truth of one photo.

    Returns:
        ``float64 [k]`` in [0, 1]; NaN for parts that the truth does not hold, predicted or not.
    """
    return np.where(matrix.sum(axis=1) > 0, part_iou(matrix), np.nan)


def pixel_accuracy(matrix: Counts) -> float:
    """Share of the counted pixels that have the right part; NaN where none is counted."""
    return float(_share(np.trace(matrix), matrix.sum()))


@dataclass(frozen=True)
class MeanIou:
    """Mean IoU in both conventions, in [0, 1]; they differ by several points, so both are always given.

    Attributes:
        pooled: intersections and unions summed over all photos, their ratio averaged over the parts that
            are in the truth or in the prediction of any photo.
        per_photo: IoU averaged over the parts in each photo's truth, then over the photos that have truth.
    """

    pooled: float
    per_photo: float


def mean_iou(matrices: Iterable[Counts]) -> MeanIou:
    """Mean IoU of a stream of confusion matrices, one for each photo; NaN where nothing is counted."""
    total: Counts | None = None
    photo_means = []
    for matrix in matrices:
        total = matrix.copy() if total is None else total + matrix
        photo_means.append(mean_of_known(photo_iou(matrix)))
    pooled = float("nan") if total is None else mean_of_known(part_iou(total))
    return MeanIou(pooled, mean_of_known(np.array(photo_means)))


def mean_of_known(values: NDArray[np.float64]) -> float:
    """Mean of the values that are not NaN; NaN where there are none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def _share(counts: NDArray[np.int64] | np.int64, totals: NDArray[np.int64] | np.int64) -> NDArray[np.float64]:
    return np.divide(counts, totals, out=np.full(np.shape(totals), np.nan), where=np.asarray(totals) > 0)
