"""Running sums of weighted least squares with an L2 penalty: ridge regression that reads its data once.

Hoerl and Kennard, "Ridge regression" (Technometrics, 1970): ``W = (XᵀSX + λP)⁻¹ XᵀSY``.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from partly.machine import where_able

# Wide enough to keep the processor's multiplication busy, narrow enough to leave out half of the products.
_BLOCK = 384


@dataclass(frozen=True)
class NormalEquations:
    """Sums over rows; adding two gives those of the rows of both, subtracting takes rows out again.

    Attributes:
        gram: ``XᵀSX``, ``[d, d]``.
        moment: ``XᵀSY``, ``[d, k]``.
        weight: sum of the rows' weights.
    """

    gram: Tensor
    moment: Tensor
    weight: float

    def __add__(self, other: NormalEquations) -> NormalEquations:
        return NormalEquations(self.gram + other.gram, self.moment + other.moment, self.weight + other.weight)

    def __sub__(self, other: NormalEquations) -> NormalEquations:
        return NormalEquations(self.gram - other.gram, self.moment - other.moment, self.weight - other.weight)

    def scaled(self, factor: float) -> NormalEquations:
        """The sums as if every row weighed ``factor`` times as much."""
        return NormalEquations(self.gram * factor, self.moment * factor, self.weight * factor)

    def solve(self, penalty: Tensor) -> Tensor:
        """Weights ``[d, k]`` for the given penalty ``[d]`` of each feature, per unit of weight."""
        return cholesky_solved(self.moment / self.weight, self.factor(penalty))

    def factor(self, penalty: Tensor) -> Tensor:
        """Lower triangular ``L [d, d]`` with ``L Lᵀ = XᵀSX + λP`` per unit of weight."""
        gram = self.gram / self.weight
        gram.diagonal().add_(penalty)
        return cholesky(gram)


def cholesky(gram: Tensor) -> Tensor:
    """Lower triangle of a symmetric, positive definite matrix ``[d, d]``, on its device."""
    return torch.linalg.cholesky(where_able(gram)).to(gram.device)


def cholesky_solved(right: Tensor, lower: Tensor) -> Tensor:
    """``x [d, k]`` with ``L Lᵀ x = right``, on its device; Apple's GPUs leave it to the processor."""
    return torch.cholesky_solve(where_able(right), where_able(lower)).to(right.device)


def normal_equations(features: Tensor, targets: Tensor, weights: Tensor) -> NormalEquations:
    """Sums of rows ``features [n, d]``, ``targets [n, k]`` and ``weights [n]`` (at least 0)."""
    weighted = features * weights[:, None]
    return NormalEquations(_products(features, weighted), weighted.T @ targets, float(weights.sum()))


def solve_dual(features: Tensor, targets: Tensor, weights: Tensor, penalty: float) -> Tensor:
    """What ``normal_equations(…).solve(…)`` gives, quicker where rows are few: ``n³`` in place of ``d³``.

    Saunders, Gammerman and Vovk, "Ridge regression learning algorithm in dual variables" (ICML 1998), about
    the weighted mean, so that the last feature, the bias, bears no penalty.

    Args:
        features: ``[n, d]``, the last one 1.
        targets: ``[n, k]``.
        weights: ``[n]``, more than 0.
        penalty: of every feature but the last, per unit of weight.

    Returns:
        ``[d, k]``.
    """
    roots = (weights / weights.sum()).sqrt()[:, None]
    middle, level = (roots.square() * features).sum(0), (roots.square() * targets).sum(0)
    rows = (features - middle) * roots
    kernel = rows @ rows.T / penalty
    kernel.diagonal().add_(1)
    found = rows.T @ cholesky_solved((targets - level) * roots, cholesky(kernel)) / penalty
    # The last feature of every row lies at its mean: it got no weight yet.
    found[-1] = level - middle @ found
    return found


def _products(features: Tensor, weighted: Tensor) -> Tensor:
    """``XᵀSX`` of ``X`` and ``SX``: blocks on and above the diagonal are computed, and mirrored below it."""
    d = features.shape[1]
    gram = features.new_empty(d, d)
    for start in range(0, d, _BLOCK):
        stop = min(start + _BLOCK, d)
        gram[start:stop, start:] = features[:, start:stop].T @ weighted[:, start:]
        gram[stop:, start:stop] = gram[start:stop, stop:].T
    return gram


def part_weights(shares: Tensor, power: float) -> Tensor:
    """Weight ``[n]`` of each row so that rare parts count: a part of ``m`` pixels counts ``m**-power`` each.

    Args:
        shares: ``[n, k]``, how much of each row (pixel or cell) each part covers; rows may sum to 0.
        power: 0 leaves pixels equal, 1 makes parts equal.

    Returns:
        Weights whose sum is 1.
    """
    sizes = shares.sum(0)
    factors = torch.where(sizes > 0, sizes.clamp(min=1e-12) ** -power, torch.zeros_like(sizes))
    weights = shares @ factors
    return weights / weights.sum().clamp(min=1e-12)
