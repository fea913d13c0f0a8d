"""Which of two sets of pictures is more like photos: a test of three samples (Bounliphone et al., ICLR 2016).

The photos are the same in both comparisons. All that a set of pictures must be known by is a row of numbers
for the photos, and four numbers: pictures of earlier moments of a training need not be kept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from partly.evaluation.metrics.feature_sets import Features, check_features, check_same_width, double
from partly.evaluation.metrics.kernel_distances import cubic_kernel
from partly.evaluation.metrics.kernel_sums import Array, Between, Within

_LEAST = 4
_REASON = "since its variance needs four that differ"


@dataclass(frozen=True, eq=False)
class PictureSums:
    """What is kept of a set of ``m`` pictures beside ``n`` photos, for a kernel ``k``.

    Attributes:
        within: mean ``b`` of ``k(y, y')`` over pairs of different pictures.
        of_photos: means ``[n]`` of ``k(x, y)`` over the pictures, for each photo; their mean is ``c``.
        square: unbiased estimate of ``(E b - 2 E c)²``.
        spread: variance over the pictures of the mean of ``k`` with the others less that with the photos.
        n_pictures: ``m``.
    """

    within: float
    of_photos: Array
    square: float
    spread: float
    n_pictures: int

    @property
    def likeness(self) -> float:
        """``b - 2c``: the squared maximum mean discrepancy but for a constant of the photos."""
        return self.within - 2 * float(self.of_photos.mean())


@dataclass(frozen=True)
class RelativeSimilarity:
    """Whether new pictures are more like photos than old ones.

    Attributes:
        difference: of both squared maximum mean discrepancies, new less old.
        statistic: the same in standard deviations.
        p: probability of such a statistic, or of a smaller one, where both are alike. Small: the new ones
            are better. Near 1: they are worse.
    """

    difference: float
    statistic: float
    p: float


def picture_sums(photos: Features, pictures: Features) -> PictureSums:
    """The sums of pictures beside photos, with the kernel ``(xᵀy / d + 1)³`` of the kernel distance.

    Args:
        photos: ``[n, d]``, 4 or more.
        pictures: ``[m, d]``, 4 or more, of the same network.

    Raises:
        BadOption: there are fewer, or features are NaN or of different width.
    """
    check_features(photos, "photos", least=_LEAST, reason=_REASON)
    check_features(pictures, "pictures", least=_LEAST, reason=_REASON)
    check_same_width(pictures.shape[1], photos.shape[1])
    x, y = double(photos), double(pictures)
    return sums_of_kernel(cubic_kernel(y, y), cubic_kernel(x, y))


def sums_of_kernel(yy: Array, xy: Array) -> PictureSums:
    """The sums for any kernel.

    Args:
        yy: within the pictures, ``[m, m]``.
        xy: between photos and pictures, ``[n, m]``.
    """
    y, between = Within.of(yy), Between.of(xy)
    return PictureSums(
        within=y.mean,
        of_photos=between.of_x,
        square=y.square - 4 * y.times(between.of_y) + 4 * between.square,
        spread=float((y.rows / (y.n - 1) - between.of_y).var()),
        n_pictures=y.n,
    )


def mean_within(photos: Features) -> float:
    """Mean of the kernel over pairs of different photos, which is what :attr:`PictureSums.likeness` lacks."""
    x = double(photos)
    return Within.of(cubic_kernel(x, x)).mean


def relative_similarity(new: PictureSums, old: PictureSums) -> RelativeSimilarity:
    """Compare new pictures with old ones, beside the same photos.

    The test of Bounliphone et al. (ICLR 2016, theorem 2) as Bińkowski et al. (ICLR 2018, section 5) used it:
    ``p = Φ(difference / deviation)``. The variance of the difference is estimated without bias, as in
    :mod:`partly.evaluation.metrics.kernel_sums`; where that is less than half of its first-order part, which
    is at most about twice too large, it is this half.
    """
    n = len(new.of_photos)
    difference = new.likeness - old.likeness
    u, v = new.of_photos, old.of_photos
    both = float((u.sum() * v.sum() - u @ v) / (n * (n - 1)))
    across = new.within * old.within - 2 * (new.within * v.mean() + old.within * u.mean()) + 4 * both
    unbiased = difference**2 - (new.square + old.square - 2 * across)
    first_order = 4 * (new.spread / new.n_pictures + old.spread / old.n_pictures + float((u - v).var()) / n)
    variance = max(float(unbiased), first_order / 2)
    if variance <= 0:
        statistic = math.copysign(math.inf, difference) if difference else 0.0
    else:
        statistic = difference / variance**0.5
    return RelativeSimilarity(difference, statistic, math.erfc(-statistic / 2**0.5) / 2)
