"""Terms of both players as figures: those of a step, and those of penalties as last counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from partly.losses import INFORMATION, Lazy, Round, Terms, total
from partly.machine import Ranks

Player = Literal["generator", "discriminator"]


@dataclass(frozen=True)
class DueTerms:
    """Penalties that count in a step.

    Attributes:
        terms: scalars by name, as their objectives give them.
        times: how many times over each counts.
    """

    terms: Mapping[str, Tensor]
    times: Mapping[str, int]

    def backward(self) -> None:
        """Add the gradients of all at once; nothing is done where none is due."""
        if self.terms:
            torch.autograd.backward(total({name: t * self.times[name] for name, t in self.terms.items()}))


def due_terms(penalties: tuple[Lazy, ...], number: int, player: Player, seen: Round) -> DueTerms:
    """The penalties of a player that count in a step.

    Args:
        penalties: all of the player's.
        number: of the step, from 0.
        player: whose they are.
        seen: by the player in this step.
    """
    terms: dict[str, Tensor] = {}
    times: dict[str, int] = {}
    for penalty in penalties:
        if penalty.is_due(number):
            one = penalty.objective
            found = one.generator_terms(seen) if player == "generator" else one.discriminator_terms(seen)
            terms |= found
            times |= dict.fromkeys(found, penalty.every)
    return DueTerms(terms, times)


class TermFigures:
    """What is told of terms; penalties, which do not count in every step, as last counted.

    Args:
        values: plain JSON values with which a training goes on; the figures of penalties are kept in them.
    """

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values
        values.setdefault("penalty", None)
        values.setdefault("terms", {"generator": {}, "discriminator": {}})

    @property
    def penalty(self) -> float | None:
        """The sum of the discriminator's penalties, as last counted; None before."""
        penalty: float | None = self._values["penalty"]
        return penalty

    def note(self, player: Player, counted: Mapping[str, Tensor]) -> None:
        """Keep the figures, scalars, of penalties that were counted in a step."""
        if not counted:
            return
        self._values["terms"][player].update({name: figure.item() for name, figure in counted.items()})
        if player == "discriminator":
            self._values["penalty"] = torch.tensor([*self._values["terms"][player].values()]).sum().item()

    def information(self, memory: Mapping[str, Tensor]) -> float | None:
        """What pictures tell of their codes in this step, in nats; None where there are no codes."""
        return memory[INFORMATION].item() if INFORMATION in memory else None

    def of_step(
        self, terms: Mapping[Player, Terms], scores: Mapping[str, Tensor], ranks: Ranks
    ) -> dict[str, Any]:
        """Figures of a step, means over all processes.

        Args:
            terms: of each player's objective.
            scores: by name, of any shape.
            ranks: the processes.

        Returns:
            Means of the scores by their names, and for each player ``"<player>_loss"``, the sum of its
            objective's terms, and ``"<player>_terms"``, all of its terms by name, penalties as last counted.
        """
        found: dict[Any, Tensor] = {
            **{f"{player}_loss": total(named) for player, named in terms.items()},
            **{name: values.mean() for name, values in scores.items()},
            **{(player, name): term for player, named in terms.items() for name, term in named.items()},
        }
        means = ranks.mean(torch.stack([figure.detach() for figure in found.values()])).tolist()
        told: dict[Any, Any] = dict(zip(found, means, strict=True))
        for player, named in terms.items():
            of_step = {name: told.pop((player, name)) for name in named}
            told[f"{player}_terms"] = of_step | self._values["terms"][player]
        return told
