"""The evidence lower bound of a variational autoencoder (Kingma and Welling, ICLR 2014), as pure functions.

All figures are in nats.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from torch import Tensor

from partly.errors import BadOption


def drawn(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """``mean + deviation * noise``: a draw that lets gradients through (the paper's section 2.4).

    Args:
        mean: ``[b, z]``.
        log_variance: ``[b, z]``.
        noise: ``[b, z]``, normal.
    """
    return mean + (log_variance / 2).exp() * noise


def kl_from_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """``KL(N(mean, variance) | N(0, 1))`` of each picture, ``[b]`` (the paper's appendix B).

    Args:
        mean: ``[b, z]``.
        log_variance: ``[b, z]``.
    """
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1) / 2


@runtime_checkable
class Likelihood(Protocol):
    """How probable photos are, given the pictures that a decoder made for them."""

    def __call__(self, photos: Tensor, pictures: Tensor) -> Tensor:
        """``log p(x | z)``, ``[b]``, of ``photos`` and ``pictures [b, 3, s, s]``."""
        ...


@dataclass(frozen=True)
class GaussianPixels:
    """Every value is normal around the picture's (the paper's appendix C.2, with one fixed deviation).

    Attributes:
        deviation: its standard deviation, where values go from -1 to 1.
    """

    deviation: float = 0.1

    def __post_init__(self) -> None:
        _check_width("deviation", self.deviation)

    def __call__(self, photos: Tensor, pictures: Tensor) -> Tensor:
        """As :class:`Likelihood`."""
        squares = ((photos - pictures) / self.deviation).square().flatten(1)
        return -squares.sum(1) / 2 - squares.shape[1] * math.log(self.deviation * math.sqrt(2 * math.pi))


@dataclass(frozen=True)
class LaplacePixels:
    """Every value lies around the picture's with a Laplace density: absolute differences, sharper edges.

    Attributes:
        scale: the mean absolute difference, where values go from -1 to 1.
    """

    scale: float = 0.1

    def __post_init__(self) -> None:
        _check_width("scale", self.scale)

    def __call__(self, photos: Tensor, pictures: Tensor) -> Tensor:
        """As :class:`Likelihood`."""
        differences = ((photos - pictures) / self.scale).abs().flatten(1)
        return -differences.sum(1) - differences.shape[1] * math.log(2 * self.scale)


@dataclass(frozen=True)
class ELBOTerms:
    """What one batch says, each figure a mean over its pictures.

    Attributes:
        loss: what is minimised, a scalar: ``beta KL - log p(x | z)`` for each value of a picture.
        log_likelihood: ``log p(x | z)`` of a picture.
        kl: ``KL(q(z | x) | p(z))`` of a picture.
    """

    loss: Tensor
    log_likelihood: Tensor
    kl: Tensor


@dataclass(frozen=True)
class ELBO:
    """The evidence lower bound ``E log p(x | z) - beta KL(q(z | x) | p(z))`` (the paper's equation 3).

    Attributes:
        likelihood: ``p(x | z)``.
        beta: 1 is the bound itself; less reconstructs photos better, more makes latents more normal (Higgins
            et al., ICLR 2017).
    """

    likelihood: Likelihood = field(default_factory=GaussianPixels)
    beta: float = 1.0

    def __post_init__(self) -> None:
        if not self.beta >= 0:
            raise BadOption(f"beta is {self.beta}", expected="0 or more")

    def __call__(self, photos: Tensor, pictures: Tensor, mean: Tensor, log_variance: Tensor) -> ELBOTerms:
        """The bound of one batch.

        Args:
            photos: ``[b, 3, s, s]``.
            pictures: what the decoder made of a draw from the posteriors, of the same shape.
            mean: of the posteriors, ``[b, z]``.
            log_variance: of the posteriors, ``[b, z]``.
        """
        log_likelihood = self.likelihood(photos, pictures).mean()
        kl = kl_from_normal(mean, log_variance).mean()
        loss = (self.beta * kl - log_likelihood) / photos[0].numel()
        return ELBOTerms(loss, log_likelihood, kl)


def _check_width(name: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise BadOption(f"{name} is {value}", expected="more than 0")
