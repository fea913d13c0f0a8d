"""Objectives that compare each photo with the picture of the same place in the batch.

Which photo meets which picture is chance: both are drawn independently, so that pairs of a batch are a sample
of all pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from partly.losses.adversarial_losses import judged_scores
from partly.losses.rounds import Round, Terms


@dataclass(frozen=True)
class LossSensitive:
    """Photos must score higher than pictures by a margin that grows with how far apart they are.

    The loss-sensitive GAN, and with a ``slope`` the generalised one (both Qi, IJCV 2020). The paper's ``L``
    is a loss, low for photos; the discriminator's score is ``-L``, high for photos as with all other
    objectives. Only differences of scores count, so that their sign says nothing.

    A pair that keeps the margin costs nothing, so a discriminator stops where it is good enough; this bounds
    differences of scores over photos and pictures, and no slopes elsewhere. Train it with
    :class:`partly.losses.R1`, whose slopes are held towards 0: those of the gradient penalty of Gulrajani et
    al. are held towards 1, at which photos and pictures would lie apart by far more than the margin.

    Attributes:
        margin: lambda, for each unit of the sum of absolute differences over all values of a photo and a
            picture in [-1, 1]. The released code has 2e-4, at which margins at 64 px are around 1.
        slope: of the leaky ReLU that stands where the paper has a ReLU: 0 is LS-GAN; 1 is a Wasserstein
            critic, but for a constant; -1 takes absolute values. Where it is above 0, scores drift apart
            without end but for the penalty.
    """

    margin: float = 2e-4
    slope: float = 0.0

    def generator_terms(self, seen: Round) -> Terms:
        """``E L(G(z)) = -E D(G(z))``."""
        return {"adversarial": -judged_scores(seen.fake).mean()}

    def discriminator_terms(self, seen: Round) -> Terms:
        """``E a(lambda |x - G(z)|_1 + L(x) - L(G(z)))`` with ``a`` the leaky ReLU."""
        real, fake = judged_scores(seen.real), judged_scores(seen.fake)
        apart = self.margin * (seen.photos - seen.pictures.detach()).abs().flatten(1).sum(1)
        # Of a map of scores, each place keeps the margin of the whole picture.
        apart = apart.view(-1, *[1] * (real.ndim - 1))
        return {"adversarial": F.leaky_relu(apart + fake - real, self.slope).mean()}


@dataclass(frozen=True)
class Relativistic:
    """Each photo must score higher than the picture it is paired with, and for the generator lower.

    Relativistic pairing (Jolicoeur-Martineau, ICLR 2019), which R3GAN (Huang et al., NeurIPS 2024, section 2)
    trains with R1 and R2 in every step. At the optimum the score is ``log p / q`` up to any constant: pairs
    do not tell the level of all scores.

    Attributes:
        centring: weight of a term that pulls the two scores of each pair to opposite values, so that 0 lies
            between photos and pictures; 0 leaves the level free, which may then drift. The released code of
            Adversarial Flow Models (2511.22475) has 0.01.
    """

    centring: float = 0.0

    def generator_terms(self, seen: Round) -> Terms:
        """``E softplus(-(D(G(z)) - D(x)))``, for which photos are judged changed as the pictures were."""
        fake = judged_scores(seen.fake)
        with torch.no_grad():
            real = (seen.real or seen.ask.judge(seen.photos)).scores.detach()
        return {"adversarial": _of_pairs(fake, real)}

    def discriminator_terms(self, seen: Round) -> Terms:
        """``E softplus(-(D(x) - D(G(z))))``, and ``centring E (D(x) + D(G(z)))^2``."""
        real, fake = judged_scores(seen.real), judged_scores(seen.fake)
        terms = {"adversarial": _of_pairs(real, fake)}
        return terms | ({"centring": self.centring * (real + fake).square().mean()} if self.centring else {})


def _of_pairs(higher: Tensor, lower: Tensor) -> Tensor:
    return F.softplus(lower - higher).mean()
