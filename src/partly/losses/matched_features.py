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

    Photos without labels may come in pairs: the same photo twice, changed in two ways, at an even place and
    behind it. Then each is to be of the class that the network is sure of for the other (the pseudo-labels of
    Sohn et al., NeurIPS 2020, equation 4, both ways; the paper has none of it).

    Attributes:
        matching: what the generator minimises.
        labels_weight: weight of the cross-entropy of labelled photos.
        pairs_weight: of the agreement of pairs; 0: photos without labels do not come in pairs.
        sure_above: the probability of a class from which on the network is sure.

    Raises:
        BadOption: a negative weight of pairs, or a probability that is not between 0 and 1.
    """

    matching: FeatureMatching = field(default_factory=FeatureMatching)
    labels_weight: float = 1.0
    pairs_weight: float = 0.0
    sure_above: float = 0.9

    def __post_init__(self) -> None:
        if self.pairs_weight < 0:
            raise BadOption(f"the weight of pairs is {self.pairs_weight}", expected="0 or more")
        if not 0 < self.sure_above < 1:
            raise BadOption(f"sure_above is {self.sure_above}", expected="a probability between 0 and 1")

    def generator_terms(self, seen: Round) -> Terms:
        """As :class:`FeatureMatching`."""
        return self.matching.generator_terms(seen)

    def discriminator_terms(self, seen: Round) -> Terms:
        """``-E log p(y | x)`` of labelled photos, and the two unsupervised terms, each with half weight.

        These are ``-E log Z(x) / (Z(x) + 1)`` of the other photos, and ``-E log 1 / (Z(G(z)) + 1)`` of
        pictures. With pairs, ``-E [max p(y | x') > t] log p(argmax p(y | x') | x)`` of the other photos too,
        where ``x'`` is the neighbour of ``x``, of which no gradient is taken, and ``t`` is ``sure_above``.

        Raises:
            BadOption: with pairs, a batch of an odd number of photos, or a pair of which one has a label.
        """
        assert seen.real is not None, "a round of the discriminator's own step has been judged"
        assert seen.condition is not None, "labels are conditions"
        labelled = seen.condition.sum(1)
        named = F.log_softmax(seen.real.heads["class"], dim=1)
        of_labelled = -(seen.condition * named).sum(1)
        of_others = F.softplus(-seen.real.scores) * (1 - labelled)
        # Means over such photos of all processes, as are taken of their gradients.
        share = seen.ask.mean(labelled.mean())
        labels = of_labelled.mean() / share.clamp(min=_LEAST_SHARE)
        others = of_others.mean() / (1 - share).clamp(min=_LEAST_SHARE)
        pictures = F.softplus(judged_scores(seen.fake)).mean()
        terms = {"labels": self.labels_weight * labels, "adversarial": (others + pictures) / 2}
        if self.pairs_weight:
            apart = self._disagreement(named, labelled).mean() / (1 - share).clamp(min=_LEAST_SHARE)
            terms["pairs"] = self.pairs_weight * apart
        return terms

    def _disagreement(self, named: Tensor, labelled: Tensor) -> Tensor:
        """Of log-probabilities ``[b, K]``, and 1 or 0 for photos with and without label ``[b]``: ``[b]``."""
        if len(named) % 2 or not bool((labelled[::2] == labelled[1::2]).all()):
            raise BadOption(
                f"{len(named)} photos, of which {int(labelled.sum())} have labels",
                expected="photos without labels in pairs, as neighbours from an even place on",
            )
        others = named.detach().unflatten(0, (-1, 2)).flip(1).flatten(0, 1)
        surest, classes = others.max(1)
        counts = (surest.exp() > self.sure_above) * (1 - labelled)
        return F.nll_loss(named, classes, reduction="none") * counts
