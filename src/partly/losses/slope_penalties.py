"""Penalties on the slopes of discriminator and generator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

Score = Callable[[Tensor], Tensor]


class DiscriminatorPenalty(Protocol):
    """Something to add to the discriminator's loss."""

    def __call__(
        self, discriminator: Score, photos: Tensor, pictures: Tensor, random: torch.Generator
    ) -> Tensor:
        """A scalar.

        Args:
            discriminator: pictures ``[b, ...]`` to scores ``[b]``.
            photos: real ones ``[b, ...]``.
            pictures: generated ones, of the same shape.
            random: where random numbers come from.
        """
        ...


def squared_slopes(discriminator: Score, at: Tensor) -> Tensor:
    """``|grad D(x)|^2`` for each of ``at [b, ...]``: ``[b]``, differentiable."""
    at = at.detach().requires_grad_(True)
    [gradients] = torch.autograd.grad(discriminator(at).sum(), at, create_graph=True)
    return gradients.square().flatten(1).sum(1)


@dataclass(frozen=True)
class R1:
    """``gamma / 2 E |grad D(x)|^2`` on photos (Mescheder et al., ICML 2018, equation 9).

    Attributes:
        gamma: its weight; per picture, whatever its size.
    """

    gamma: float = 10.0

    def __call__(
        self,
        discriminator: Score,
        photos: Tensor,
        pictures: Tensor,  # noqa: ARG002
        random: torch.Generator,  # noqa: ARG002
    ) -> Tensor:
        """As :class:`DiscriminatorPenalty`."""
        return self.gamma / 2 * squared_slopes(discriminator, photos).mean()


@dataclass(frozen=True)
class GradientPenalty:
    """``weight E (|grad D(x)| - 1)^2`` between photos and pictures (Gulrajani et al., NIPS 2017, equation 3).

    Attributes:
        weight: its weight.
    """

    weight: float = 10.0

    def __call__(
        self, discriminator: Score, photos: Tensor, pictures: Tensor, random: torch.Generator
    ) -> Tensor:
        """As :class:`DiscriminatorPenalty`."""
        shape = (len(photos), *[1] * (photos.ndim - 1))
        shares = torch.rand(shape, generator=random).to(photos)
        between = torch.lerp(pictures.detach(), photos, shares)
        # The root has no slope at 0.
        slopes = (squared_slopes(discriminator, between) + 1e-12).sqrt()
        return self.weight * (slopes - 1).square().mean()


@dataclass(frozen=True)
class Together:
    """Several penalties at once: their sum.

    Attributes:
        penalties: those that are added.
    """

    penalties: tuple[DiscriminatorPenalty, ...]

    def __call__(
        self, discriminator: Score, photos: Tensor, pictures: Tensor, random: torch.Generator
    ) -> Tensor:
        """As :class:`DiscriminatorPenalty`; each draws from ``random`` after those before it."""
        values = [penalty(discriminator, photos, pictures, random) for penalty in self.penalties]
        return torch.stack(values).sum()


@dataclass(frozen=True)
class PathLength:
    """A step in w should change all pictures alike much (Karras et al., CVPR 2020, equation 4).

    Attributes:
        weight: of the penalty.
        decay: how slowly the running mean of lengths follows.
    """

    weight: float = 2.0
    decay: float = 0.01

    def __call__(
        self, pictures: Tensor, w: Tensor, mean_length: Tensor, random: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """The penalty, and the new running mean.

        Args:
            pictures: ``[b, c, h, w]``, computed from ``w`` with gradients.
            w: mapped latents ``[b, l, v]``.
            mean_length: scalar, the running mean of lengths; 0 at first.
            random: where random numbers come from.

        Returns:
            ``weight E (|J^T y| - a)^2`` with ``y`` noise of unit variance over the number of pixels, and
            ``a``, detached.
        """
        height, width = pictures.shape[-2:]
        noise = torch.randn(pictures.shape, generator=random).to(pictures) / (height * width) ** 0.5
        [gradients] = torch.autograd.grad((pictures * noise).sum(), w, create_graph=True)
        lengths = gradients.square().sum(2).mean(1).sqrt()
        mean_length = torch.lerp(mean_length, lengths.mean().detach(), self.decay)
        return self.weight * (lengths - mean_length).square().mean(), mean_length
