"""Penalties on the slopes of discriminator and generator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from partly.losses.rounds import OfDiscriminator, OfGenerator, Round, Terms

Score = Callable[[Tensor], Tensor]
_MEAN_LENGTH = "mean_path_length"
_PATH_LENGTH_SHARE = 0.5


def squared_slopes(discriminator: Score, at: Tensor) -> Tensor:
    """``|grad D(x)|^2`` for each of ``at [b, ...]``: ``[b]``, differentiable."""
    at = at.detach().requires_grad_(True)
    [gradients] = torch.autograd.grad(discriminator(at).sum(), at, create_graph=True)
    return gradients.square().flatten(1).sum(1)


@dataclass(frozen=True)
class R1(OfDiscriminator):
    """``gamma / 2 E |grad D(x)|^2`` on photos (Mescheder et al., ICML 2018, equation 9).

    Attributes:
        gamma: its weight; per picture, whatever its size.
    """

    gamma: float = 10.0

    def discriminator_terms(self, seen: Round) -> Terms:
        """As :class:`partly.losses.Objective`."""
        return {"R1 penalty": self.gamma / 2 * squared_slopes(_score(seen), seen.photos).mean()}


@dataclass(frozen=True)
class R2(OfDiscriminator):
    """``gamma / 2 E |grad D(G(z))|^2`` on pictures (Mescheder et al., ICML 2018, equation 10).

    Attributes:
        gamma: its weight; per picture, whatever its size.
    """

    gamma: float = 10.0

    def discriminator_terms(self, seen: Round) -> Terms:
        """As :class:`partly.losses.Objective`."""
        return {"R2 penalty": self.gamma / 2 * squared_slopes(_score(seen), seen.pictures).mean()}


@dataclass(frozen=True)
class GradientPenalty(OfDiscriminator):
    """``weight E (|grad D(x)| - 1)^2`` between photos and pictures (Gulrajani et al., NIPS 2017, equation 3).

    Attributes:
        weight: its weight.
    """

    weight: float = 10.0

    def discriminator_terms(self, seen: Round) -> Terms:
        """As :class:`partly.losses.Objective`."""
        photos = seen.photos
        shape = (len(photos), *[1] * (photos.ndim - 1))
        shares = torch.rand(shape, generator=seen.ask.random("penalty")).to(photos)
        between = torch.lerp(seen.pictures.detach(), photos, shares)
        # The root has no slope at 0.
        slopes = (squared_slopes(_score(seen), between) + 1e-12).sqrt()
        return {"gradient penalty": self.weight * (slopes - 1).square().mean()}


@dataclass(frozen=True)
class PathLength(OfGenerator):
    """A step in w should change all pictures alike much (Karras et al., CVPR 2020, equation 4).

    Attributes:
        weight: of the penalty.
        decay: how slowly the running mean of lengths follows.
    """

    weight: float = 2.0
    decay: float = 0.01

    def generator_terms(self, seen: Round) -> Terms:
        """``weight E (|J^T y| - a)^2`` with ``y`` noise of unit variance over the number of pixels.

        ``a`` is the running mean of ``|J^T y|``, which is kept. Half of a batch is made anew for it, since
        second derivatives take much memory.
        """
        pictures, w = seen.ask.generate(_PATH_LENGTH_SHARE)
        height, width = pictures.shape[-2:]
        noise = torch.randn(pictures.shape, generator=seen.ask.random("path length")).to(pictures)
        noise = noise / (height * width) ** 0.5
        [gradients] = torch.autograd.grad((pictures * noise).sum(), w, create_graph=True)
        lengths = gradients.square().sum(2).mean(1).sqrt()
        before = seen.ask.memory.get(_MEAN_LENGTH, torch.zeros(())).to(lengths)
        mean_length = torch.lerp(before, lengths.mean().detach(), self.decay)
        seen.ask.memory[_MEAN_LENGTH] = mean_length
        return {"path length": self.weight * (lengths - mean_length).square().mean()}


def _score(seen: Round) -> Score:
    """Images to scores, as the discriminator saw photos."""
    return lambda images: seen.ask.judge(images).scores
