"""Photos that the pictures leave out: those with no picture near, for how close photos lie around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partly.evaluation.metrics.feature_sets import Features, check_features, check_same_width
from partly.evaluation.metrics.neighbours import Numbers, nearest, neighbour_squares


@dataclass(frozen=True, eq=False)
class Gaps:
    """How far every photo is from the pictures.

    Attributes:
        nearest: ``int64 [n]``, index of each photo's nearest picture.
        distances: ``float64 [n]``, its distance.
        ratios: ``float64 [n]``, that distance divided by the radius of the photo's ball, which reaches to its
            ``k``-th nearest other photo: above 1 where coverage counts the photo as not covered.
    """

    nearest: NDArray[np.int64]
    distances: Numbers
    ratios: Numbers

    @property
    def least_covered(self) -> NDArray[np.int64]:
        """Indexes of all photos, the least covered first."""
        return np.argsort(-self.ratios, kind="stable")


def find_gaps(photos: Features, pictures: Features, *, k: int = 5) -> Gaps:
    """Find out how far from the pictures every photo is.

    Args:
        photos: ``[n, d]``.
        pictures: ``[m, d]``.
        k: as in :func:`partly.evaluation.metrics.manifold_scores`.

    Raises:
        BadOption: there are not more photos than ``k``, or no pictures; or features are NaN or of different
            width.
    """
    check_features(photos, "photos", least=k + 1, reason=f"one more than k, which is {k}")
    check_features(pictures, "pictures")
    check_same_width(pictures.shape[1], photos.shape[1])
    found = nearest(photos, pictures)
    radii = np.sqrt(neighbour_squares(photos, k)[:, -1])
    # Photos that are many times in the set have balls without a radius.
    floor = 1e-6 * max(float(radii.max()), float(np.finfo(np.float64).tiny))
    return Gaps(found.indexes, found.distances, found.distances / np.maximum(radii, floor))
