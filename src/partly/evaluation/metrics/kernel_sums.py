"""Sums of a kernel over samples, and unbiased estimates of products of its means; each of order n².

With ``a = E k(x, x')``, ``b = E k(y, y')`` and ``c = E k(x, y)``, the squared maximum mean discrepancy is
``a + b - 2c``. The variance of an estimate ``T`` of it is ``E T² - (E T)²``: ``T²`` estimates the first
without bias, and sums over indexes that are all distinct the second (Sutherland, Unbiased estimators for the
variance of MMD estimators, 2019, which corrects the constants of Sutherland et al., ICLR 2017). Such sums
follow from sums of rows: take the product of whole sums, and take away what has an index in common.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Within:
    """A kernel within one sample of ``n`` rows, each row with all others.

    Attributes:
        rows: sums ``[n]`` of ``k(x_i, x_j)`` over ``j ≠ i``.
        squares: sum of ``k(x_i, x_j)²`` over ``i ≠ j``.
    """

    rows: Array
    squares: float

    @classmethod
    def of(cls, values: Array) -> Within:
        """Of kernel values ``[n, n]``, symmetric, ``n`` 4 or more."""
        diagonal = np.diagonal(values)
        squares = np.einsum("ij,ij->", values, values) - diagonal @ diagonal
        return cls(values.sum(axis=1) - diagonal, float(squares))

    @property
    def n(self) -> int:
        """Rows of the sample."""
        return len(self.rows)

    @property
    def mean(self) -> float:
        """Unbiased estimate of ``E k(x, x')``."""
        return float(self.rows.sum() / (self.n * (self.n - 1)))

    @property
    def square(self) -> float:
        """Unbiased estimate of ``(E k(x, x'))²``."""
        n, total = self.n, float(self.rows.sum())
        of_distinct = total**2 - 4 * float(self.rows @ self.rows) + 2 * self.squares
        return of_distinct / (n * (n - 1) * (n - 2) * (n - 3))

    def times(self, sums: Array) -> float:
        """Unbiased estimate of ``E k(x, x')`` times the mean of another sum.

        Args:
            sums: ``[n]``, what another kernel gives for each row of this sample.
        """
        n = self.n
        of_distinct = self.rows.sum() * sums.sum() - 2 * self.rows @ sums
        return float(of_distinct / (n * (n - 1) * (n - 2)))


@dataclass(frozen=True, eq=False)
class Between:
    """A kernel between two samples of ``n`` and ``m`` rows.

    Attributes:
        of_x: means ``[n]`` of ``k(x_i, y_j)`` over ``j``.
        of_y: means ``[m]`` of the same over ``i``.
        squares: sum of ``k(x_i, y_j)²`` over all pairs.
    """

    of_x: Array
    of_y: Array
    squares: float

    @classmethod
    def of(cls, values: Array) -> Between:
        """Of kernel values ``[n, m]``, both 2 or more."""
        squares = float(np.einsum("ij,ij->", values, values))
        return cls(values.mean(axis=1), values.mean(axis=0), squares)

    @property
    def mean(self) -> float:
        """Unbiased estimate of ``E k(x, y)``."""
        return float(self.of_x.mean())

    @property
    def square(self) -> float:
        """Unbiased estimate of ``(E k(x, y))²``."""
        n, m = len(self.of_x), len(self.of_y)
        in_common = m**2 * (self.of_x @ self.of_x) + n**2 * (self.of_y @ self.of_y) - self.squares
        return float(((n * m * self.mean) ** 2 - in_common) / (n * (n - 1) * m * (m - 1)))
