"""Who plays, and what a step of either player asks for: latents, pictures, judgements, random numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

from partly.losses import Judgement, Lazy, Objective
from partly.machine import Machine
from partly.training.adversarial.gan_batches import Turn, mixed_latents, turn_random
from partly.training.adversarial.gan_config import GanConfig
from partly.training.augment.adversarial import NOTHING, Augmentation


@dataclass(frozen=True)
class GanPlayers:
    """Who plays, and for what.

    Attributes:
        generator: a :class:`partly.models.generators.Generator` whose call ``(w [b, l, v], random)`` gives
            pictures ``[b, 3, s, s]`` with gradients, and fresh noise where the family has any.
        discriminator: pictures ``[b, 3, s, s]`` and their condition ``[b, c]`` to a
            :class:`partly.losses.Judgement`.
        objective: what both minimise.
        discriminator_penalties: what the discriminator minimises besides, always or in some steps.
        generator_penalties: the same of the generator.
        augment: what is done to all that the discriminator sees, such as
            :class:`partly.training.augment.adversarial.DiffAugment`.
    """

    generator: nn.Module
    discriminator: nn.Module
    objective: Objective
    discriminator_penalties: tuple[Lazy, ...] = ()
    generator_penalties: tuple[Lazy, ...] = ()
    augment: Augmentation = NOTHING


class Play:
    """A game between players; every random number is a function of the seed and the turn.

    Args:
        players: who plays; on the machine's device.
        config: how they are trained.
        machine: what it runs on. Latents are drawn for all processes, and each takes its share; noise and
            augmentation, which belong to single pictures, each draws for itself.

    Attributes:
        augment: what is done to all that the discriminator sees, as it stands.
    """

    def __init__(self, players: GanPlayers, config: GanConfig, machine: Machine) -> None:
        self._generator, self._discriminator = players.generator, players.discriminator
        self._config, self._machine = config, machine
        self._is_plain = players.augment == NOTHING
        self.augment = players.augment.begin()

    def latents(self, turn: Turn, condition: Tensor) -> Tensor:
        """Mapped latents ``[b, l, v]`` of this process's share of the batch, under ``condition [b, c]``."""
        config, machine = self._config, self._machine
        return mixed_latents(
            self._generator,  # type: ignore[arg-type]
            config.batch_size,
            config.style_mixing,
            turn_random(config, turn, "latents"),
            lambda drawn: machine.ranks.share(drawn).to(machine.device),
            condition,
        )

    def pictures(self, w: Tensor, turn: Turn) -> Tensor:
        """Pictures ``[b, 3, s, s]`` of mapped latents, with the turn's noise."""
        made: Tensor = self._generator(w, self.random(turn)("noise"))
        return made

    def judge(self, turn: Turn, condition: Tensor) -> Callable[[Tensor], Judgement]:
        """The discriminator behind the augmentation, which does the same whenever this is called.

        Args:
            turn: by which images are changed.
            condition: ``[b, c]`` of the images; where there are fewer, of the first.
        """

        def judged(images: Tensor) -> Judgement:
            changed = self.augment(images, self.random(turn)("augmentation"))
            judgement: Judgement = self._discriminator(changed, condition[: len(images)])
            return judgement

        return judged

    def judge_plain(self, condition: Tensor) -> Callable[[Tensor], Judgement] | None:
        """The discriminator without the augmentation, in full precision after it; None: there is none.

        Args:
            condition: ``[b, c]`` of the images; where there are fewer, of the first.
        """
        if self._is_plain:
            return None

        def judged(images: Tensor) -> Judgement:
            with self._machine.precision():
                judgement: Judgement = self._discriminator(images, condition[: len(images)])
            return judgement.float()

        return judged

    def regenerate(self, step: int, condition: Tensor) -> Callable[[float], tuple[Tensor, Tensor]]:
        """Other pictures of a step and their latents, for a share of the batch; the same at every call."""
        turn = Turn(step, "regularisation")

        def made(share: float) -> tuple[Tensor, Tensor]:
            w = self.latents(turn, condition)
            w = w[: max(1, int(share * len(w)))]
            return self.pictures(w, turn), w

        return made

    def random(self, turn: Turn) -> Callable[[str], torch.Generator]:
        """This process's random numbers of a turn, by purpose; who asks again draws on."""
        return cache(lambda purpose: turn_random(self._config, turn, purpose, self._machine.ranks.index))

    def mean(self, value: Tensor) -> Tensor:
        """The mean over all processes, with the gradients of this one's part."""
        here = value.detach()
        ranks = self._machine.ranks
        return value if ranks.n == 1 else value + (ranks.mean(here) - here)
