"""Maximum mean discrepancy of two samples with its variance, for any kernel."""

from __future__ import annotations

from dataclasses import dataclass

from partly.evaluation.metrics.kernel_sums import Array, Between, Within


@dataclass(frozen=True)
class MeanDiscrepancy:
    """An estimate of the squared maximum mean discrepancy.

    Attributes:
        squared: unbiased (Gretton et al., JMLR 2012, equation 3); it can be negative.
        variance: of that, unbiased too; where that is less than half of ``first_order``, this half.
        first_order: the variance of its first-order part, each mean taken from the sample itself (Sutherland
            et al., ICLR 2017). Where both samples are alike it is about twice the variance, and about the
            variance where they differ.
    """

    squared: float
    variance: float
    first_order: float

    @property
    def t_statistic(self) -> float:
        """``squared`` in standard deviations; 0 where it has none. The larger, the surer a test is."""
        return self.squared / self.variance**0.5 if self.variance > 0 else 0.0


def mean_discrepancy(xx: Array, yy: Array, xy: Array) -> MeanDiscrepancy:
    """The squared maximum mean discrepancy of two samples with its variance.

    Args:
        xx: the kernel within the one, ``[n, n]``, ``n`` 4 or more; its diagonal counts nowhere.
        yy: within the other, ``[m, m]``, ``m`` 4 or more.
        xy: between them, ``[n, m]``.
    """
    x, y, between = Within.of(xx), Within.of(yy), Between.of(xy)
    a, b, c = x.mean, y.mean, between.mean
    squared = a + b - 2 * c
    mean_squared = (
        x.square
        + y.square
        + 4 * between.square
        + 2 * a * b
        - 4 * x.times(between.of_x)
        - 4 * y.times(between.of_y)
    )
    first_order = 4 * float(
        (x.rows / (x.n - 1) - between.of_x).var() / x.n + (y.rows / (y.n - 1) - between.of_y).var() / y.n
    )
    return MeanDiscrepancy(squared, max(squared**2 - mean_squared, first_order / 2), first_order)
