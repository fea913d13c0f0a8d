"""What one step of adversarial training has seen, and what an objective makes of it.

A discriminator returns a :class:`Judgement`; a loop gathers what a step has seen in a :class:`Round`; an
:class:`Objective` gives named scalars of it, whose sum is minimised. Losses and penalties are all of this one
kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import NoReturn, Protocol, runtime_checkable

import torch
from torch import Tensor

from partly.errors import BadOption

Terms = Mapping[str, Tensor]


@dataclass(frozen=True)
class Judgement:
    """What a discriminator says of pictures.

    Attributes:
        scores: ``[b]``, or a map of them ``[b, ...]``; before any sigmoid.
        features: activations by the way, coarse last; the last are those that the scores are made of.
        heads: what else is told, by name: ``"class"`` is ``[b, c]``, logits of the class; ``"code"`` is
            ``[b, n + m]``, logits of a code of ``n`` values and means of ``m`` continuous codes.
    """

    scores: Tensor
    features: tuple[Tensor, ...] = ()
    heads: Mapping[str, Tensor] = field(default_factory=dict)

    def float(self) -> Judgement:
        """The same in full precision."""
        return Judgement(
            self.scores.float(),
            tuple(maps.float() for maps in self.features),
            {name: head.float() for name, head in self.heads.items()},
        )


def _nobody(*_: object) -> NoReturn:
    raise TypeError("this round has no players that could be asked")


@dataclass(frozen=True)
class Ask:
    """What an objective may ask for, besides what a step has seen.

    Attributes:
        judge: the discriminator, which sees images ``[b, 3, s, s]`` changed as it saw the photos, or the
            pictures in a step of the generator.
        random: where random numbers for a purpose come from. Who asks for the same purpose in one round draws
            on from where the one before stopped.
        memory: running values, by names without dots, which the training keeps and saves; each a mean over
            all processes.
        generate: other pictures, and their mapped latents, both with gradients, for a share of the batch,
            from 0 to 1; the same whenever it is called. In steps of the generator alone.
        mean: of a value over all processes that train together, for terms that are no means over pictures;
            gradients are those of this process's part, which the training averages.
        judge_plain: the discriminator, which sees images as they are; None where ``judge`` changes nothing.
    """

    judge: Callable[[Tensor], Judgement] = _nobody
    random: Callable[[str], torch.Generator] = _nobody
    memory: MutableMapping[str, Tensor] = field(default_factory=dict)
    generate: Callable[[float], tuple[Tensor, Tensor]] = _nobody
    mean: Callable[[Tensor], Tensor] = lambda value: value
    judge_plain: Callable[[Tensor], Judgement] | None = None


@dataclass(frozen=True)
class Round:
    """What one step of a player has seen.

    Attributes:
        photos: ``[b, 3, s, s]`` in [-1, 1].
        pictures: ``[b, 3, s, s]``; with gradients in a step of the generator.
        real: what the discriminator says of the photos; None in a step of the generator, and for penalties,
            which ask.
        fake: what it says of the pictures; None for penalties.
        latents: mapped latents ``[b, l, v]`` of the pictures.
        condition: ``[b, c]`` of photos and pictures.
        ask: for more.
    """

    photos: Tensor
    pictures: Tensor
    real: Judgement | None = None
    fake: Judgement | None = None
    latents: Tensor | None = None
    condition: Tensor | None = None
    ask: Ask = field(default_factory=Ask)


@runtime_checkable
class Objective(Protocol):
    """What players minimise: named scalars, whose sum counts; there may be none."""

    def generator_terms(self, seen: Round) -> Terms:
        """Scalars by name that the generator minimises."""
        ...

    def discriminator_terms(self, seen: Round) -> Terms:
        """Scalars by name that the discriminator minimises."""
        ...


class OfDiscriminator:
    """Base of objectives that the generator has no part in."""

    def generator_terms(self, seen: Round) -> Terms:  # noqa: ARG002
        """None."""
        return {}


class OfGenerator:
    """Base of objectives that the discriminator has no part in."""

    def discriminator_terms(self, seen: Round) -> Terms:  # noqa: ARG002
        """None."""
        return {}


@dataclass(frozen=True)
class Together:
    """Several objectives at once; their terms have different names.

    Attributes:
        objectives: those whose terms are added.
    """

    objectives: tuple[Objective, ...]

    def generator_terms(self, seen: Round) -> Terms:
        """As :class:`Objective`."""
        return {n: term for one in self.objectives for n, term in one.generator_terms(seen).items()}

    def discriminator_terms(self, seen: Round) -> Terms:
        """As :class:`Objective`."""
        return {n: term for one in self.objectives for n, term in one.discriminator_terms(seen).items()}


@dataclass(frozen=True)
class Lazy:
    """An objective that counts in some steps only, and as many times over.

    "Lazy regularisation" (Karras et al., CVPR 2020, section 3.1).

    Attributes:
        objective: whose terms are counted.
        every: steps between those that count them; 1 counts them always.
    """

    objective: Objective
    every: int = 1

    def __post_init__(self) -> None:
        if self.every < 1:
            raise BadOption(f"every is {self.every}", expected="1 or more")

    def is_due(self, step: int) -> bool:
        """Whether it counts in a step, which is numbered from 0."""
        return step % self.every == 0


def total(terms: Terms) -> Tensor:
    """The sum of terms, a scalar."""
    return torch.stack([*terms.values()]).sum()
