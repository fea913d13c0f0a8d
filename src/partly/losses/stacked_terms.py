"""What the second stage of a stacked generator minimises besides its game."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

import torch.nn.functional as F
from torch import Tensor

from partly.errors import BadOption
from partly.losses.condition_terms import told_codes
from partly.losses.evidence_lower_bound import kl_from_normal
from partly.losses.rounds import OfGenerator, Round, Terms


class TwoStages(Protocol):
    """What the terms ask a stacked generator, of mapped latents ``[b, l, v]``."""

    def small_pictures(self, w: Tensor) -> Tensor:
        """Pictures of the small generator, ``[b, 3, s, s]``."""

    def condition_of(self, w: Tensor) -> tuple[Tensor, Tensor]:
        """Means and logarithms of variances ``[b, z]`` of what the second stage is told."""

    def own_latents(self, w: Tensor) -> Tensor:
        """Latents of the second stage, ``[b, z]``."""


@dataclass(frozen=True)
class _OfTwoStages:
    """Base of the terms.

    Attributes:
        generator: which is trained.
        weight: of the term.

    Raises:
        BadOption: the weight is not above 0.
    """

    generator: TwoStages = field(repr=False, compare=False)
    weight: float

    def __post_init__(self) -> None:
        if not 0 < self.weight < math.inf:
            raise BadOption(f"the weight of a term is {self.weight}", expected="more than 0")


@dataclass(frozen=True)
class SmallPictureKept(_OfTwoStages, OfGenerator):
    """A picture that is made small is the small picture: the conditional loss of Huang et al. (CVPR 2017).

    In the paper it is ``E |E(G(h, z)) - h|^2``, with ``h`` features of a classifier's layer
    and ``E`` the layers that come to them from the picture. Here ``h`` is the small generator's picture, and
    ``E`` averages areas; no classifier is learned. The square is a mean over values, from 0 to 4.

    Attributes:
        generator: which is trained.
        weight: of the term; 1 in the paper.

    Raises:
        BadOption: the weight is not above 0.
    """

    weight: float = 1.0

    def generator_terms(self, seen: Round) -> Terms:
        """``weight`` times the mean square of the differences."""
        assert seen.latents is not None, "small pictures are made of latents"
        small = self.generator.small_pictures(seen.latents).float()
        made_small = F.adaptive_avg_pool2d(seen.pictures, small.shape[-1])
        return {"small picture kept": self.weight * (made_small - small).square().mean()}


@dataclass(frozen=True)
class OwnLatentTold(_OfTwoStages):
    """Pictures tell the second stage's latent: the entropy loss of Huang et al. (CVPR 2017).

    In the paper it is ``E -log Q(z | G(h, z))``: the entropy of ``z`` less this is at most the entropy of
    pictures of one ``h``. Without it, a stage that is given a whole picture leaves its latent aside. ``Q`` is
    a head of the discriminator, ``heads["code"] [b, z]``, and normal with a fixed variance, so that what is
    left of the logarithm is a square. Both players minimise it. The square is a mean over the numbers of
    ``z``: 1 where nothing is told, 0 where all is. ``Q`` sees pictures without augmentation.

    Attributes:
        generator: which is trained.
        weight: of the term; 10 in the released code, 1 for the others.

    Raises:
        BadOption: the weight is not above 0.
    """

    weight: float = 10.0

    def generator_terms(self, seen: Round) -> Terms:
        """``weight`` times the mean square of the differences."""
        return self._terms(seen)

    def discriminator_terms(self, seen: Round) -> Terms:
        """The same."""
        return self._terms(seen)

    def _terms(self, seen: Round) -> Terms:
        assert seen.latents is not None, "the second stage's latent is in the latents"
        own = self.generator.own_latents(seen.latents).detach().float()
        return {"own latent told": self.weight * (told_codes(seen) - own).square().mean()}


@dataclass(frozen=True)
class ConditionKept(_OfTwoStages, OfGenerator):
    """What the second stage is told stays near the normal distribution (StackGAN, equation 2).

    Zhang et al. (ICCV 2017) add ``KL(N(mean(w), variance(w)) | N(0, 1))``, without which the variance would
    vanish, and conditions lie apart like points. Here it is a mean over the numbers of the condition, as in
    the released code.

    Attributes:
        generator: which is trained.
        weight: of the term; 2 in the released code for COCO.

    Raises:
        BadOption: the weight is not above 0.
    """

    weight: float = 2.0

    def generator_terms(self, seen: Round) -> Terms:
        """``weight`` times the divergence, in nats for each number of the condition."""
        assert seen.latents is not None, "conditions are of latents"
        mean, log_variance = (values.float() for values in self.generator.condition_of(seen.latents))
        divergence = kl_from_normal(mean, log_variance).mean() / mean.shape[1]
        return {"divergence of condition": self.weight * divergence}
