"""What players minimise besides their game, where pictures are asked to be of classes or to carry codes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from partly.errors import BadOption
from partly.losses.rounds import Judgement, Round, Terms

INFORMATION = "information of codes"
"""Under this name :class:`InformationBound` keeps the bound of a step, in nats, in the round's memory."""


@dataclass(frozen=True)
class AuxiliaryClassifier:
    """The class is named by a second head of the discriminator (Odena et al., ICML 2017, equation 3).

    ``L_C = E log P(c | x) + E log P(c | G(z, c))`` is maximised by both: the discriminator learns to name the
    classes of photos and of pictures, the generator makes pictures whose class is named.

    It reads ``heads["class"] [b, c]``, logits. Where the condition is less than one, as in gradual
    conditioning, the term counts as much less.

    Attributes:
        weight: of the term; 1 in the paper.
    """

    weight: float = 1.0

    def generator_terms(self, seen: Round) -> Terms:
        """As :class:`partly.losses.Objective`."""
        return {"class of pictures": self._loss(seen.fake, seen.condition)}

    def discriminator_terms(self, seen: Round) -> Terms:
        """As :class:`partly.losses.Objective`."""
        return {
            "class of photos": self._loss(seen.real, seen.condition),
            "class of pictures": self._loss(seen.fake, seen.condition),
        }

    def _loss(self, judgement: Judgement | None, condition: Tensor | None) -> Tensor:
        assert judgement is not None, "a round of a player's own step has been judged"
        assert condition is not None, "classes are in the condition"
        named = F.log_softmax(judgement.heads["class"], dim=1)
        return -self.weight * (condition * named).sum(dim=1).mean()


@dataclass(frozen=True)
class InformationBound:
    """Pictures tell their codes: a bound of the mutual information (Chen et al., NIPS 2016, equation 5).

    ``L_I = E log Q(c | G(z, c)) + H(c)`` is at most the mutual information of codes and pictures, and is
    maximised by both players (equation 6 with ``lambda`` the weight). ``Q`` is the head
    ``heads["code"] [b, n_codes + n_continuous]`` of the discriminator: logits of the code, then means of the
    continuous codes. It sees pictures without augmentation, which would otherwise be what the codes say.

    A code of ``n`` values has an entropy of ``log n`` nats, which the bound cannot exceed. Continuous codes
    are standard normal, and ``Q`` is normal around the mean that is told with a fixed variance of 1: with a
    learned one the term has no upper end. Each then tells ``(1 - E (c - mean)^2) / 2``, at most half a nat.

    In the generator's latents ``w [b, 1, v]`` codes come last: the continuous ones, then ones and zeros.

    Attributes:
        n_codes: values of the code; 0 is none.
        n_continuous: how many continuous codes.
        weight: ``lambda``.

    Raises:
        BadOption: there are no codes, or the weight is not above 0.
    """

    n_codes: int = 10
    n_continuous: int = 0
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.n_codes < 0 or self.n_continuous < 0 or not self.n_codes + self.n_continuous:
            raise BadOption(
                f"{self.n_codes} values of a code, {self.n_continuous} continuous codes",
                expected="values of a code, continuous codes, or both",
            )
        if not 0 < self.weight < math.inf:
            raise BadOption(f"the weight of the information is {self.weight}", expected="more than 0")

    def generator_terms(self, seen: Round) -> Terms:
        """As :class:`partly.losses.Objective`; the bound is kept in the round's memory."""
        bounds = self._bounds(seen)
        # Of the code of a few values, whose ceiling people know; without it, of the continuous ones.
        seen.ask.memory[INFORMATION] = next(iter(bounds.values())).detach()
        return self._terms(bounds)

    def discriminator_terms(self, seen: Round) -> Terms:
        """As :class:`partly.losses.Objective`."""
        return self._terms(self._bounds(seen))

    def _terms(self, bounds: Terms) -> Terms:
        return {name: -self.weight * bound for name, bound in bounds.items()}

    def _bounds(self, seen: Round) -> Terms:
        """The bounds in nats, scalars: of the code, of the continuous codes."""
        assert seen.latents is not None, "codes are in the latents"
        told = told_codes(seen)
        codes = seen.latents[:, 0, -told.shape[1] :].detach().float()
        continuous, code = codes.split([self.n_continuous, self.n_codes], dim=1)
        bounds = {}
        if self.n_codes:
            logits = self._told_of_code(seen, told)[:, : self.n_codes]
            bounds["information of code"] = code_information(logits, code)
        if self.n_continuous:
            errors = (told[:, self.n_codes :] - continuous).square().sum(dim=1)
            bounds["information of continuous codes"] = (self.n_continuous - errors.mean()) / 2
        return bounds

    def _told_of_code(self, seen: Round, told: Tensor) -> Tensor:  # noqa: ARG002
        """What is told of the code, ``[b, n]``, where ``told`` is of pictures as they are."""
        return told


@dataclass(frozen=True)
class InformationOfChanged(InformationBound):
    """The code is told of changed pictures, so that its values are what survives the changes.

    Continuous codes are told of pictures as they are, and the changes are left to them. The paper has none of
    it; Ojha et al. (Elastic-InfoGAN, NeurIPS 2020) have a contrastive term to the same end.

    Attributes:
        changes: of pictures ``[b, 3, s, s]``, with what is drawn for them.
    """

    changes: Callable[[Tensor, torch.Generator], Tensor] = field(kw_only=True)

    def _told_of_code(self, seen: Round, told: Tensor) -> Tensor:  # noqa: ARG002
        changed = self.changes(seen.pictures, seen.ask.random("changes before a code is told"))
        return (seen.ask.judge_plain or seen.ask.judge)(changed).heads["code"]


def told_codes(seen: Round) -> Tensor:
    """What the discriminator's head tells of codes from pictures without augmentation, ``[b, n]``."""
    judgement = seen.fake if seen.ask.judge_plain is None else seen.ask.judge_plain(seen.pictures)
    assert judgement is not None, "a round of a player's own step has been judged"
    return judgement.heads["code"]


def code_information(logits: Tensor, codes: Tensor) -> Tensor:
    """``E log Q(c | x) + log n``, a scalar in nats: at most ``log n``, and 0 where nothing is told.

    Args:
        logits: of ``Q``, ``[b, n]``.
        codes: ones and zeros, ``[b, n]``; each of the ``n`` values is as frequent as any other.
    """
    return (codes * F.log_softmax(logits, dim=1)).sum(dim=1).mean() + math.log(codes.shape[1])
