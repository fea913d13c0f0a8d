"""What generator and discriminator minimise: pure functions of the discriminator's scores.

A score is what the discriminator says of one picture before any sigmoid: the log-odds of being real where
the objective is one of probabilities, an unbounded critique otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch.nn.functional as F
from torch import Tensor


@runtime_checkable
class AdversarialObjective(Protocol):
    """Losses of both players; each is a scalar that its player minimises."""

    def generator_loss(self, fake_scores: Tensor) -> Tensor:
        """Loss of the generator, of the scores ``[b]`` of its pictures."""
        ...

    def discriminator_loss(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """Loss of the discriminator, of its scores ``[b]`` of photos and of pictures."""
        ...


def _discriminator_log_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """``-E log D(x) - E log(1 - D(G(z)))``, with ``D`` the sigmoid of the score."""
    return F.softplus(-real_scores).mean() + F.softplus(fake_scores).mean()


@dataclass(frozen=True)
class Minimax:
    """The original game (Goodfellow et al., NIPS 2014, equation 1).

    The generator minimises ``E log(1 - D(G(z)))``, whose gradient vanishes where the discriminator is sure.
    At its optimum ``D = p / (p + q)`` the discriminator's loss is ``log 4`` less twice the Jensen-Shannon
    divergence of photos and pictures (theorem 1).
    """

    def generator_loss(self, fake_scores: Tensor) -> Tensor:
        """``E log(1 - D(G(z)))``."""
        return -F.softplus(fake_scores).mean()

    def discriminator_loss(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """``-E log D(x) - E log(1 - D(G(z)))``."""
        return _discriminator_log_loss(real_scores, fake_scores)


@dataclass(frozen=True)
class NonSaturating:
    """The same discriminator; the generator minimises ``-E log D(G(z))`` (the same paper, section 3)."""

    def generator_loss(self, fake_scores: Tensor) -> Tensor:
        """``-E log D(G(z))``."""
        return F.softplus(-fake_scores).mean()

    def discriminator_loss(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """``-E log D(x) - E log(1 - D(G(z)))``."""
        return _discriminator_log_loss(real_scores, fake_scores)


@dataclass(frozen=True)
class Hinge:
    """Margins of one for the discriminator (Lim and Ye 2017; Miyato et al., ICLR 2018, equation 17)."""

    def generator_loss(self, fake_scores: Tensor) -> Tensor:
        """``-E D(G(z))``."""
        return -fake_scores.mean()

    def discriminator_loss(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """``E max(0, 1 - D(x)) + E max(0, 1 + D(G(z)))``."""
        return F.relu(1 - real_scores).mean() + F.relu(1 + fake_scores).mean()


@dataclass(frozen=True)
class Wasserstein:
    """The difference of mean critiques (Arjovsky et al., ICML 2017, equation 3).

    It bounds the earth mover's distance only where the critic's slope is held at one: train it with
    :class:`partly.losses.GradientPenalty` (Gulrajani et al., NIPS 2017).
    """

    def generator_loss(self, fake_scores: Tensor) -> Tensor:
        """``-E D(G(z))``."""
        return -fake_scores.mean()

    def discriminator_loss(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """``E D(G(z)) - E D(x)``."""
        return fake_scores.mean() - real_scores.mean()
