"""What can be chosen about the training of an auto-shot network; docs/lab.md has the reasons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from partly.errors import BadOption
from partly.training.augment.segmentation import Augmentation


@dataclass(frozen=True)
class Stage:
    """A part of the training: its share of all steps, and the side of the pictures it sees."""

    share: float
    size_px: int


def learning_rate_factor(step: int, n_steps: int, warm_up: float, final: float = 0.01) -> float:
    """Linear rise over the share ``warm_up`` of the steps, then half a cosine down to ``final``."""
    n_rising = round(warm_up * n_steps)
    if step < n_rising:
        return (step + 1) / (n_rising + 1)
    falling = (step - n_rising) / max(1, n_steps - 1 - n_rising)
    return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * min(1.0, falling)))


def size_at(step: int, n_steps: int, stages: Sequence[Stage]) -> int:
    """Side in pixels of the pictures of ``step``."""
    total, reached = sum(stage.share for stage in stages), 0.0
    for stage in stages:
        reached += stage.share / total
        if step < round(reached * n_steps):
            return stage.size_px
    return stages[-1].size_px


_SMALLEST_PX = 32


@dataclass(frozen=True)
class AutoShotConfig:
    """How to train an auto-shot network.

    Attributes:
        n_steps: number of steps.
        batch_size: pictures in a step.
        stages: sizes of the pictures, in order, each for its share of the steps.
        learning_rate: highest learning rate of AdamW.
        encoder_learning_rate_factor: what the encoder's learning rate is multiplied by.
        weight_decay: of convolutions; norms and biases have none.
        warm_up: share of the steps in which the learning rate rises.
        ema_half_life: of the averaged weights, as a share of the steps.
        part_weight_power: parts weigh ``frequency ** -power`` in the objective.
        bias_fraction: how much of that is taken out of the logits afterwards; None chooses what agrees best
            with the teacher on held-out pictures.
        label_temperature: the teacher's logits are divided by it; below 1 sharpens.
        augmentation: strengths of the augmentation.
        n_held_out: pictures kept from training, to measure on; at most a tenth of all.
        evaluate_every: steps between measurements.
        checkpoint_every_s: seconds between checkpoints.
        seed: of the order of pictures and of the augmentation.
        free: names of choices that change nothing in the result.
    """

    n_steps: int = 500
    batch_size: int = 8
    stages: tuple[Stage, ...] = (Stage(0.7, 128), Stage(0.3, 192))
    learning_rate: float = 4e-3
    encoder_learning_rate_factor: float = 0.3
    weight_decay: float = 0.02
    warm_up: float = 0.05
    ema_half_life: float = 0.02
    part_weight_power: float = 0.5
    bias_fraction: float | None = 0.5
    label_temperature: float = 1.0
    augmentation: Augmentation = field(default_factory=Augmentation)
    n_held_out: int = 32
    evaluate_every: int = 100
    checkpoint_every_s: float = 60.0
    seed: int = 0
    free: ClassVar[frozenset[str]] = frozenset({"evaluate_every", "checkpoint_every_s"})

    def __post_init__(self) -> None:
        # Batch norm needs two pictures where maps have shrunk to one pixel.
        for name, least in (("n_steps", 1), ("batch_size", 2), ("evaluate_every", 1)):
            if getattr(self, name) < least:
                raise BadOption(f"{name} is {getattr(self, name)}", expected=f"{least} or more")
        for name in ("learning_rate", "label_temperature"):
            if not getattr(self, name) > 0:
                raise BadOption(f"{name} is {getattr(self, name)}", expected="more than 0")
        # Seed and step make the 64 bits of a generator's seed.
        if not 0 <= self.seed < 2**31:
            raise BadOption(f"seed is {self.seed}", expected=f"0 to {2**31 - 1}")
        if not self.stages or any(s.share <= 0 or s.size_px < _SMALLEST_PX for s in self.stages):
            raise BadOption(
                f"stages are {[(s.share, s.size_px) for s in self.stages]}",
                expected=f"at least one, shares above 0, sizes of {_SMALLEST_PX} px or more",
            )

    def n_held_out_of(self, n_pictures: int) -> int:
        """How many of so many pictures are kept from training."""
        return min(self.n_held_out, n_pictures // 10)

    @property
    def size_px(self) -> int:
        """Size of the pictures of the last stage: what the network is best used at."""
        return self.stages[-1].size_px
