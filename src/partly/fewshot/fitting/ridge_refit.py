"""Ridge regression solved again after a small change of the labels, from the weights as they were."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from partly.fewshot.fitting.ridge_rows import PictureRows
from partly.fewshot.segmenters.conjugate_gradients import conjugate_gradients
from partly.fewshot.segmenters.normal_equations import NormalEquations
from partly.machine import where_able

# Error of the weights, as a share of them.
_TOLERANCE = 3e-4
# A guide that needed more steps than the lower number is made anew before the next refit.
_MANY_STEPS, _MOST_STEPS = 8, 12
# Rows that the processor's cache holds from one product to the next.
_N_AT_ONCE = 256


@dataclass
class Guide:
    """The triangle of an exact solution, by which those that follow are found in a few steps.

    Attributes:
        lower: ``NormalEquations.factor(penalties)``, ``[d, d]``.
        penalty: for which it was made; it serves no other.
        is_old: whether labels have changed so much that the steps became many.
    """

    lower: Tensor
    penalty: float
    is_old: bool = False
    _inverse: Tensor | None = None

    def __call__(self, rows: Tensor) -> Tensor:
        """``rows [k, d]`` times the inverse of the matrix that was factored."""
        if self._inverse is None:
            # Two products take a tenth of the time of two substitutions.
            lower = where_able(self.lower)
            one = torch.eye(len(lower), device=lower.device)
            inverse = torch.linalg.solve_triangular(lower, one, upper=False)
            self._inverse = inverse.to(self.lower.device)
        return rows @ self._inverse.T @ self._inverse


def improved(
    guess: Tensor,
    settled: NormalEquations | None,
    at_hand: PictureRows | None,
    penalties: Tensor,
    guide: Guide,
) -> Tensor | None:
    """Weights ``[k, d]`` for settled pictures and the one at hand, or None where the guide was of no use.

    The Gram matrix of the picture at hand is never formed: its rows are multiplied twice in each step.

    Args:
        guess: the weights as they are, ``[k, d]``.
        settled: sums of the pictures that are settled.
        at_hand: the picture whose labels changed.
        penalties: of each feature, ``[d]``.
        guide: of an earlier solution; told whether it is old.
    """
    weight, wanted = 0.0, torch.zeros_like(guess)
    if settled is not None:
        weight, wanted = settled.weight, settled.moment.T
    if at_hand is not None:
        features, targets, weights = at_hand.at_once()
        weight += float(weights.sum())
        wanted = wanted + (targets * weights[:, None]).T @ features

    def apply(rows: Tensor) -> Tensor:
        products = rows * penalties * weight
        if settled is not None:
            products += rows @ settled.gram
        if at_hand is not None:
            products += _through(rows, features, weights)
        return products / weight

    shown = wanted.any(1, keepdim=True)
    found, n_steps = conjugate_gradients(
        apply, wanted / weight, guess * shown, guide, _TOLERANCE, _MOST_STEPS
    )
    guide.is_old = n_steps is None or n_steps > _MANY_STEPS
    return None if n_steps is None else found


def _through(rows: Tensor, features: Tensor, weights: Tensor) -> Tensor:
    """``rows [k, d]`` times ``XᵀSX``, for ``X`` ``[n, d]`` and ``S`` ``[n]``; reads ``X`` once."""
    products = torch.zeros_like(rows)
    for block, of_block in zip(features.split(_N_AT_ONCE), weights.split(_N_AT_ONCE), strict=True):
        products += (rows @ block.T * of_block) @ block
    return products
