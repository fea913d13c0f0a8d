"""Linear equations solved from a guess that is near, without the matrix: preconditioned conjugate gradients.

Hestenes and Stiefel, "Methods of conjugate gradients for solving linear systems" (1952).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Linear = Callable[[Tensor], Tensor]

# Steps after which it can be told how many will be needed.
_N_TO_TELL = 4


def conjugate_gradients(
    apply: Linear, wanted: Tensor, guess: Tensor, precondition: Linear, tolerance: float, n_most: int
) -> tuple[Tensor, int | None]:
    """``v [k, d]`` with ``apply(v) = wanted``, every row by itself.

    Args:
        apply: rows times a symmetric, positive definite matrix.
        wanted: ``[k, d]``.
        guess: ``[k, d]``; the nearer, the fewer steps.
        precondition: rows times about the inverse of the matrix; the nearer, the fewer steps.
        tolerance: largest error of a row as a share of the row, both in the norm of the matrix (that of the
            error is estimated by way of ``precondition``).
        n_most: steps after which to give up; sooner if it can be told that more will be needed.

    Returns:
        The rows, and how many steps were taken; None where these were not enough.
    """
    found = guess
    left = wanted - apply(found)
    bent = precondition(left)
    first = energy = _dots(left, bent)
    direction = bent
    for step in range(n_most + 1):
        # Where the equations hold, the product is the square of the row's norm.
        enough = tolerance**2 * _dots(wanted, found)
        if bool((energy <= enough).all()):
            return found, step
        if step == n_most or (step == _N_TO_TELL and _expected(first, energy, enough, step) > n_most):
            break
        applied = apply(direction)
        length = _ratio(energy, _dots(direction, applied))
        found = found + length * direction
        left = left - length * applied
        bent = precondition(left)
        before, energy = energy, _dots(left, bent)
        direction = bent + _ratio(energy, before) * direction
    return found, None


def _expected(first: Tensor, energy: Tensor, enough: Tensor, n_steps: int) -> float:
    """How many steps the slowest row needs in all, if it goes on as in the first ``n_steps``."""
    to_go = (energy / enough.clamp_min(1e-30)).log().clamp_min(0)
    gone = (first / energy.clamp_min(1e-30)).log()
    return n_steps * (1 + float(torch.where(to_go > 0, to_go / gone.clamp_min(1e-3), 0.0).max()))


def _dots(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(1, keepdim=True)


def _ratio(above: Tensor, below: Tensor) -> Tensor:
    """Nothing where a row is solved already and both are nothing."""
    return torch.where(below > 0, above / below.clamp_min(1e-30), 0.0)
