"""R1 and R2 by finite differences: without second derivatives, and unbiased to first order.

For noise ``e`` of independent normal values ``E <e, grad D>^2 = |grad D|^2``, so that the squared difference
of scores over a small step along ``e`` estimates the squared slope. The released codes of GAT (arXiv
2509.24935) and of Adversarial Flow Models (arXiv 2511.22475) hold slopes in this way. One picture's estimate
has a standard deviation of ``sqrt(2) |grad D|^2``; a training averages over batches and steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from partly.errors import BadOption
from partly.losses.rounds import OfDiscriminator, Round, Terms
from partly.losses.slope_penalties import Score


def estimated_squared_slopes(discriminator: Score, at: Tensor, noise: Tensor, step: float) -> Tensor:
    """Estimates ``[b]`` of ``|grad D(x)|^2`` for each of ``at [b, ...]``, differentiable.

    Args:
        discriminator: the same images must give the same scores at every call.
        at: where slopes are wanted.
        noise: of the shape of ``at``, normal with unit variance.
        step: how far along the noise scores are compared.
    """
    at = at.detach()
    differences = (discriminator(at + step * noise) - discriminator(at)) / step
    # Scores of places are those of one picture, whose sum exact slopes are of, too.
    return differences.reshape(len(at), -1).sum(1).square()


@dataclass(frozen=True)
class ApproximateR1(OfDiscriminator):
    """``gamma / 2 E ((D(x + s e) - D(x)) / s)^2`` on photos, in place of :class:`partly.losses.R1`.

    The discriminator must say the same whenever it is asked: with dropout, differences are those of what is
    left out. What is differentiated is the discriminator behind the augmentation, as with R1.

    Attributes:
        gamma: its weight, as R1's.
        step: ``s``, for values in [-1, 1]. A longer step adds the curvature of the scores, a shorter one
            their rounding: 0.01 is for float32, in which trainings compute penalties; a discriminator in
            bfloat16, of 8 bits, needs 0.05.

    Raises:
        BadOption: a step that is not above 0.
    """

    gamma: float = 10.0
    step: float = 0.01

    def __post_init__(self) -> None:
        _check_step(self.step)

    def discriminator_terms(self, seen: Round) -> Terms:
        """As :class:`partly.losses.Objective`."""
        return {"R1 penalty": self.gamma / 2 * _mean_squared_slope(seen, seen.photos, self.step)}


@dataclass(frozen=True)
class ApproximateR2(OfDiscriminator):
    """The same on pictures, in place of :class:`partly.losses.R2`.

    Attributes:
        gamma: its weight, as R2's.
        step: as that of :class:`ApproximateR1`.

    Raises:
        BadOption: a step that is not above 0.
    """

    gamma: float = 10.0
    step: float = 0.01

    def __post_init__(self) -> None:
        _check_step(self.step)

    def discriminator_terms(self, seen: Round) -> Terms:
        """As :class:`partly.losses.Objective`."""
        return {"R2 penalty": self.gamma / 2 * _mean_squared_slope(seen, seen.pictures, self.step)}


def _check_step(step: float) -> None:
    if not step > 0:
        raise BadOption(f"step is {step}", expected="more than 0")


def _mean_squared_slope(seen: Round, at: Tensor, step: float) -> Tensor:
    noise = torch.randn(at.shape, generator=seen.ask.random("penalty")).to(at)
    return estimated_squared_slopes(lambda images: seen.ask.judge(images).scores, at, noise, step).mean()
