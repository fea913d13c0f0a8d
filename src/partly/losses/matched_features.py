"""Generators that match features, discriminators that classify: "Improved Techniques for Training GANs".

Salimans et al., NIPS 2016.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from partly.errors import BadOption
from partly.losses.adversarial_losses import NonSaturating, judged_scores
from partly.losses.rounds import Judgement, Round, Terms

_LEAST_SHARE = 1e-6


@dataclass(frozen=True)
class FeatureMatching:
    """Pictures must have the mean features of photos; the discriminator plays as for non-saturating.

    The paper's section 3.1. The generator never sees a score; features are the discriminator's last
    activations before it. Means are those of the whole batch, over all processes.

    Attributes:
        norm: 2 is the paper's squared distance; 1 the released code's absolute one. Either is a mean over
            features, so that networks of other widths have losses of about the same size.

    Raises:
        BadOption: another norm.
    """

    norm: Literal[1, 2] = 1

    def __post_init__(self) -> None:
        if self.norm not in (1, 2):
            raise BadOption(f"norm is {self.norm}", expected="1 or 2")

    def generator_terms(self, seen: Round) -> Terms:
        """``|E f(x) - E f(G(z))|``, for which photos are judged changed as the pictures were."""
        assert seen.fake is not None, "a round of the generator's own step has been judged"
        with torch.no_grad():
            wanted = seen.ask.mean(_mean_features(seen.real or seen.ask.judge(seen.photos)))
        apart = seen.ask.mean(_mean_features(seen.fake)) - wanted
        return {"feature matching": (apart.abs() if self.norm == 1 else apart.square()).mean()}

    def discriminator_terms(self, seen: Round) -> Terms:
        """``-E log D(x) - E log(1 - D(G(z)))``."""
        return NonSaturating().discriminator_terms(seen)


def _mean_features(judgement: Judgement) -> Tensor:
    """The mean of each of the last features over the batch."""
    assert judgement.features, "a discriminator that is matched gives features"
    return judgement.features[-1].flatten(1).mean(0)


@dataclass(frozen=True)
class SemiSupervised:
    """A classifier of K classes and of "generated", for photos of which some have labels (section 5).

    The discriminator gives logits ``l [b, K]`` as the head "class"; that of "generated" is fixed at 0, since
    a softmax knows only differences. Then ``log Z = logsumexp l`` is the log-odds of "photo", and is its
    score. Labels are a round's condition ``[b, K]`` of ones and zeros; a row of zeros is a photo without
    label, for which the unsupervised terms are.

    Attributes:
        matching: what the generator minimises.
        labels_weight: weight of the cross-entropy of labelled photos.
    """

    matching: FeatureMatching = field(default_factory=FeatureMatching)
    labels_weight: float = 1.0

    def generator_terms(self, seen: Round) -> Terms:
        """As :class:`FeatureMatching`."""
        return self.matching.generator_terms(seen)

    def discriminator_terms(self, seen: Round) -> Terms:
        """``-E log p(y | x)`` of labelled photos, and the two unsupervised terms, each with half weight.

        These are ``-E log Z(x) / (Z(x) + 1)`` of the other photos, and ``-E log 1 / (Z(G(z)) + 1)`` of
        pictures.
        """
        assert seen.real is not None, "a round of the discriminator's own step has been judged"
        assert seen.condition is not None, "labels are conditions"
        labelled = seen.condition.sum(1)
        of_labelled = -(seen.condition * F.log_softmax(seen.real.heads["class"], dim=1)).sum(1)
        of_others = F.softplus(-seen.real.scores) * (1 - labelled)
        # Means over such photos of all processes, as are taken of their gradients.
        share = seen.ask.mean(labelled.mean())
        labels = of_labelled.mean() / share.clamp(min=_LEAST_SHARE)
        others = of_others.mean() / (1 - share).clamp(min=_LEAST_SHARE)
        pictures = F.softplus(judged_scores(seen.fake)).mean()
        return {"labels": self.labels_weight * labels, "adversarial": (others + pictures) / 2}
