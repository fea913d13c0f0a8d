"""Fréchet distance of pictures and photos: of the Gaussians that have the moments of their features.

With the features of an Inception network it is known as FID (Heusel et al., NIPS 2017). It is biased: with
fewer pictures it is larger, so only figures of the same numbers of pictures and photos may be compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from partly.errors import BadOption
from partly.evaluation.metrics.feature_sets import (
    Features,
    check_features,
    check_same_width,
    double,
    row_blocks,
)
from partly.evaluation.metrics.neighbours import Numbers


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A normal distribution.

    Attributes:
        mean: ``float64 [d]``.
        covariance: ``float64 [d, d]``, symmetric.

    Raises:
        BadOption: the shapes do not fit, or a number is NaN or infinite.
    """

    mean: Numbers
    covariance: Numbers

    def __post_init__(self) -> None:
        width = self.mean.size
        if self.mean.shape != (width,) or self.covariance.shape != (width, width):
            raise BadOption(
                f"a mean of shape {list(self.mean.shape)}, a covariance of {list(self.covariance.shape)}",
                expected="[d] and [d, d]",
            )
        if not (np.isfinite(self.mean).all() and np.isfinite(self.covariance).all()):
            raise BadOption("a mean or covariance with NaN or infinity", expected="finite numbers")


@dataclass(frozen=True, eq=False)
class FeatureSums:
    """Sums over rows of features; adding two gives those of the rows of both, so features need not be kept.

    Every attribute is a plain sum: processes merge theirs by adding each up. Double precision leaves a
    variance eight digits as long as its mean is below ten thousand deviations.

    Attributes:
        n: number of rows.
        total: sum of the rows, ``float64 [d]``.
        outer: sum of the rows' outer products, ``float64 [d, d]``.
    """

    n: int
    total: Numbers
    outer: Numbers

    @classmethod
    def nothing(cls, width: int) -> FeatureSums:
        """The sums of no rows of ``width`` features."""
        return cls(0, np.zeros(width), np.zeros((width, width)))

    def __add__(self, other: FeatureSums) -> FeatureSums:
        return FeatureSums(self.n + other.n, self.total + other.total, self.outer + other.outer)

    def gaussian(self) -> Gaussian:
        """The Gaussian of the rows' mean and unbiased covariance (divided by ``n - 1``).

        Raises:
            BadOption: there are fewer than two rows.
        """
        if self.n < 2:
            raise BadOption(
                f"a covariance of {self.n} pictures or photos",
                expected="2 or more",
                remedy="Take many more than there are features",
            )
        mean = self.total / self.n
        return Gaussian(mean, (self.outer - np.outer(self.total, mean)) / (self.n - 1))


def feature_sums(batches: Iterable[Features], whose: str = "pictures") -> FeatureSums:
    """Sums over a stream of features, of which one batch is held at a time.

    Args:
        batches: ``[n, d]`` each, with any ``n``.
        whose: "pictures" or "photos", for messages.

    Raises:
        BadOption: there is no batch, or one has NaN, or another width than the first.
    """
    sums: FeatureSums | None = None
    for batch in batches:
        check_features(batch, whose, least=0)
        if sums is None:
            sums = FeatureSums.nothing(batch.shape[1])
        if batch.shape[1] != sums.total.size:
            raise BadOption(
                f"a batch of {whose} with {batch.shape[1]} features each",
                expected=f"{sums.total.size}, as in the first batch",
            )
        sums = _add_batch(sums, batch)
    if sums is None:
        raise BadOption(f"there are no {whose}", expected="2 or more")
    return sums


def _add_batch(sums: FeatureSums, batch: Features) -> FeatureSums:
    """The sums with the rows of a batch; their arrays, which are large, are added to in place."""
    total, outer = sums.total, sums.outer
    for rows in row_blocks(len(batch)):
        block = double(batch[rows])
        total += block.sum(axis=0)
        outer += block.T @ block
    return FeatureSums(sums.n + len(batch), total, outer)


def frechet_distance(photos: Gaussian, pictures: Gaussian) -> float:
    """``|m - m'|² + Tr(C + C' - 2 (C C')^½)`` (Heusel et al., NIPS 2017, equation 6; Dowson and Landau 1982).

    Returns:
        The squared Fréchet distance, as is usual: 0 for equal Gaussians, in squared units of the features.

    Raises:
        BadOption: the Gaussians are of different width.
    """
    check_same_width(pictures.mean.size, photos.mean.size)
    apart = float(np.square(photos.mean - pictures.mean).sum())
    spread = float(np.trace(photos.covariance) + np.trace(pictures.covariance))
    # Rounding can leave equal Gaussians a little below 0.
    return max(0.0, apart + spread - 2 * _trace_of_root(photos.covariance, pictures.covariance))


def _trace_of_root(one: Numbers, other: Numbers) -> float:
    """``Tr (C C')^½`` of two covariances ``[d, d]``.

    ``C C'`` is not symmetric, but has the eigenvalues of ``C^½ C' C^½``, which are the squares of the
    singular values of ``C^½ C'^½``. With ``C = L Lᵀ`` these are the singular values of ``Lᵀ L'``. They are
    never squared on the way: that would cost half of their digits, and a sum of hundreds of roots of rounding
    errors shows.
    """
    product = _factor(one).T @ _factor(other)
    if product.size == 0:
        return 0.0
    return float(np.linalg.svd(product, compute_uv=False).sum())


def _factor(covariance: Numbers) -> Numbers:
    """``L [d, r]`` with ``L Lᵀ = C`` and ``r`` the rank of ``C``.

    With fewer pictures than features most eigenvalues are 0, and rounding leaves them tiny and of either
    sign; those are left out.
    """
    values, vectors = np.linalg.eigh(covariance)
    kept = values > len(values) * np.finfo(np.float64).eps * max(values[-1], 0.0)
    return vectors[:, kept] * np.sqrt(values[kept])
