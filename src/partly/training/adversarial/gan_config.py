"""The choices of an adversarial training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from partly.errors import BadOption
from partly.training.chassis.config_checks import check_config


@dataclass(frozen=True)
class GanConfig:
    """How generator and discriminator are trained; the defaults are those of StyleGAN2 at 64 px.

    Attributes:
        n_steps: steps.
        batch_size: photos in a step.
        n_discriminator_steps: steps of the discriminator before those of the generator.
        n_generator_steps: steps of the generator after them; together they are one step.
        generator_rate: learning rate of the generator.
        discriminator_rate: learning rate of the discriminator.
        betas: of Adam.
        optimizer: of both players: Adam, or RMSprop without momentum.
        weight_bound: all weights of the discriminator are clipped to [-bound, bound] after each of its steps;
            None leaves them as they are.
        reuse_pictures: the generator learns from the pictures that the discriminator has just learned from,
            as in the released code of DCGAN; by default it makes others (Goodfellow et al., algorithm 1),
            which takes longer.
        style_mixing: share of the pictures whose styles change at a random layer (Karras et al., CVPR 2019).
        ema_half_life: pictures after which a weight counts half in the average that is kept.
        ema_ramp_up: that half-life is at most this share of the pictures seen so far.
        averages: factors on ``ema_half_life`` and ``ema_ramp_up``, one for each average that is kept. 1 is
            among them; a watch, and who is called at checkpoints, are shown that one.
        n_frozen: stages of the discriminator, counted from the picture, whose weights stay as they are
            (FreezeD: Mo et al., CVPR workshops 2020).
        checkpoint_every: steps between checkpoints.
        n_checkpoints: how many are kept.
        seed: of latents and noise.
        free: names of choices that a training may go on without.
    """

    n_steps: int
    batch_size: int = 32
    n_discriminator_steps: int = 1
    n_generator_steps: int = 1
    generator_rate: float = 2.5e-3
    discriminator_rate: float = 2.5e-3
    betas: tuple[float, float] = (0.0, 0.99)
    optimizer: Literal["adam", "rmsprop"] = "adam"
    weight_bound: float | None = None
    reuse_pictures: bool = False
    style_mixing: float = 0.9
    ema_half_life: float = 10_000.0
    ema_ramp_up: float = 0.05
    averages: tuple[float, ...] = (1.0,)
    n_frozen: int = 0
    checkpoint_every: int = 1000
    n_checkpoints: int = 3
    seed: int = 0
    free: ClassVar[frozenset[str]] = frozenset({"n_steps", "checkpoint_every", "n_checkpoints"})

    def __post_init__(self) -> None:
        check_config(
            self,
            counts=(
                "n_steps",
                "batch_size",
                "n_discriminator_steps",
                "n_generator_steps",
                "checkpoint_every",
                "n_checkpoints",
            ),
            above_0=("generator_rate", "discriminator_rate", "ema_half_life"),
        )
        if self.optimizer not in ("adam", "rmsprop"):
            raise BadOption(f"optimizer is {self.optimizer!r}", expected="adam or rmsprop")
        if self.weight_bound is not None and not self.weight_bound > 0:
            raise BadOption(f"weight_bound is {self.weight_bound}", expected="more than 0, or None")
        if 1.0 not in self.averages or not all(factor > 0 for factor in self.averages):
            raise BadOption(f"averages are {self.averages}", expected="factors above 0, 1.0 among them")
        if self.n_frozen < 0:
            raise BadOption(f"n_frozen is {self.n_frozen}", expected="0 or more")
        if not 0 <= self.style_mixing <= 1:
            raise BadOption(f"style_mixing is {self.style_mixing}", expected="a share from 0 to 1")
