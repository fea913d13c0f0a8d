"""Copies of training photos among pictures: those closer to a photo than photos are to each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partly.errors import BadOption
from partly.evaluation.metrics.feature_sets import (
    Features,
    check_features,
    check_same_width,
    double,
    row_blocks,
)
from partly.evaluation.metrics.neighbours import Numbers, nearest, nearest_other

# The features of one photo differ a little from batch to batch; differences below this part of the photos'
# spread are such.
_SAME = 1e-4


@dataclass(frozen=True, eq=False)
class MemorisationSearch:
    """The nearest training photo of every picture, and which pictures are suspected to be copies.

    Attributes:
        nearest: ``int64 [n]``, index of each picture's nearest photo.
        distances: ``float64 [n]``, its distance.
        usual: ``float64 [m]``, distances of new photos from their nearest training photo, ascending.
        quantile: which share of new photos would be suspected too.
        threshold: the distance up to which a picture is suspected.
    """

    nearest: NDArray[np.int64]
    distances: Numbers
    usual: Numbers
    quantile: float
    threshold: float

    @property
    def suspects(self) -> NDArray[np.int64]:
        """Indexes of the suspected pictures, closest first."""
        closest_first = np.argsort(self.distances, kind="stable")
        return closest_first[self.distances[closest_first] <= self.threshold]

    @property
    def share(self) -> float:
        """Share of the pictures that are suspected; about ``quantile`` where nothing is copied."""
        return len(self.suspects) / len(self.distances)


def find_memorised(
    pictures: Features, photos: Features, *, held_out: Features | None = None, quantile: float = 0.01
) -> MemorisationSearch:
    """Find pictures that lie unusually close to a photo that their generator was trained on.

    What is usual is measured on held-out photos, or, where there are none, on each training photo and the
    nearest other. Photos that are in the set twice say nothing of how far apart photos lie, and are left out
    of that; a picture that is the same as a photo is suspected in any case. A suspect is to be looked at: in
    a feature space two different photos of a plain thing can be as close.

    Args:
        pictures: ``[n, d]``.
        photos: those trained on, ``[m, d]``.
        held_out: photos of the same kind that were not trained on, ``[l, d]``.
        quantile: of the usual distances, up to which a picture is suspected; above 0, below 1.

    Raises:
        BadOption: there are no pictures, photos or held-out photos, or a single photo and none held out;
            features are NaN or of different width; or the quantile is out of range.
    """
    _check(pictures, photos, held_out, quantile)
    found = nearest(pictures, photos)
    distances = nearest_other(photos).distances if held_out is None else nearest(held_out, photos).distances
    same = _SAME * _spread(photos)
    usual = np.sort(distances[distances > same])
    threshold = max(same, float(np.quantile(usual, quantile))) if usual.size else same
    return MemorisationSearch(found.indexes, found.distances, usual, quantile, threshold)


def _spread(photos: Features) -> float:
    """Root mean square distance of the photos from their mean."""
    mean = photos.mean(axis=0, dtype=np.float64)
    total = sum(float(np.square(double(photos[rows]) - mean).sum()) for rows in row_blocks(len(photos)))
    return (total / len(photos)) ** 0.5


def _check(pictures: Features, photos: Features, held_out: Features | None, quantile: float) -> None:
    if not 0 < quantile < 1:
        raise BadOption(f"quantile is {quantile}", expected="above 0 and below 1")
    check_features(pictures, "pictures")
    if held_out is None:
        check_features(photos, "photos", least=2, reason="to see how far apart they lie")
    else:
        check_features(photos, "photos")
        check_features(held_out, "held-out photos")
        check_same_width(pictures.shape[1], held_out.shape[1], "held-out photos")
    check_same_width(pictures.shape[1], photos.shape[1])
