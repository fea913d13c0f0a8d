"""What generator and discriminator minimise: pure functions of the discriminator's scores.

A score is what the discriminator says of one picture before any sigmoid: the log-odds of being real where
the objective is one of probabilities, an unbounded critique otherwise.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from partly.losses.rounds import Judgement, Round, Terms


class OfScores(ABC):
    """Base of objectives that look at scores alone; each loss is a scalar that its player minimises.

    Scores have any shape: one of each picture, or a map of them.
    """

    @abstractmethod
    def generator_loss(self, fake_scores: Tensor) -> Tensor:
        """Loss of the generator, of the scores of its pictures."""

    @abstractmethod
    def discriminator_loss(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """Loss of the discriminator, of its scores of photos and of pictures."""

    def generator_terms(self, seen: Round) -> Terms:
        """As :class:`partly.losses.Objective`."""
        return {"adversarial": self.generator_loss(judged_scores(seen.fake))}

    def discriminator_terms(self, seen: Round) -> Terms:
        """As :class:`partly.losses.Objective`."""
        loss = self.discriminator_loss(judged_scores(seen.real), judged_scores(seen.fake))
        return {"adversarial": loss}


def judged_scores(judgement: Judgement | None) -> Tensor:
    """The scores of a judgement that a round must have."""
    assert judgement is not None, "a round of a player's own step has been judged"
    return judgement.scores


def _discriminator_log_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """``-E log D(x) - E log(1 - D(G(z)))``, with ``D`` the sigmoid of the score."""
    return F.softplus(-real_scores).mean() + F.softplus(fake_scores).mean()


@dataclass(frozen=True)
class Minimax(OfScores):
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
class NonSaturating(OfScores):
    """The same discriminator; the generator minimises ``-E log D(G(z))`` (the same paper, section 3)."""

    def generator_loss(self, fake_scores: Tensor) -> Tensor:
        """``-E log D(G(z))``."""
        return F.softplus(-fake_scores).mean()

    def discriminator_loss(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """``-E log D(x) - E log(1 - D(G(z)))``."""
        return _discriminator_log_loss(real_scores, fake_scores)


@dataclass(frozen=True)
class Hinge(OfScores):
    """Margins of one for the discriminator (Lim and Ye 2017; Miyato et al., ICLR 2018, equation 17)."""

    def generator_loss(self, fake_scores: Tensor) -> Tensor:
        """``-E D(G(z))``."""
        return -fake_scores.mean()

    def discriminator_loss(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """``E max(0, 1 - D(x)) + E max(0, 1 + D(G(z)))``."""
        return F.relu(1 - real_scores).mean() + F.relu(1 + fake_scores).mean()


@dataclass(frozen=True)
class Wasserstein(OfScores):
    """The difference of mean critiques (Arjovsky et al., ICML 2017, equation 3).

    It bounds the earth mover's distance only where the critic's slope is bounded: train it with
    :class:`partly.losses.GradientPenalty` (Gulrajani et al., NIPS 2017), or clip the critic's weights after
    each of its steps (algorithm 1 of Arjovsky et al.).
    """

    def generator_loss(self, fake_scores: Tensor) -> Tensor:
        """``-E D(G(z))``."""
        return -fake_scores.mean()

    def discriminator_loss(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """``E D(G(z)) - E D(x)``."""
        return fake_scores.mean() - real_scores.mean()


@dataclass(frozen=True)
class LeastSquares(OfScores):
    """Scores near 1 for photos, near 0 for pictures (Mao et al., ICCV 2017, equation 9).

    At its optimum the score is ``p / (p + q)`` itself, and not its log-odds. Scores on the right side are
    pulled back too, so that pictures keep a slope however sure the discriminator is. Of a map of scores, the
    mean is taken over all places.
    """

    def generator_loss(self, fake_scores: Tensor) -> Tensor:
        """``E (D(G(z)) - 1)^2 / 2``."""
        return (fake_scores - 1).square().mean() / 2

    def discriminator_loss(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """``E (D(x) - 1)^2 / 2 + E D(G(z))^2 / 2``."""
        return ((real_scores - 1).square().mean() + fake_scores.square().mean()) / 2
