"""The choices of a training by matching moments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Literal

from partly.errors import BadOption
from partly.training.chassis.config_checks import check_config


@dataclass(frozen=True)
class MatchingReport:
    """One step.

    Attributes:
        step: number of steps done.
        n_steps: number of steps in all.
        n_seen: photos shown so far.
        stage: "autoencoder" or "matching".
        loss: of this step: mean squared difference of photos and what the autoencoder makes of them, or the
            root of the squared maximum mean discrepancy.
        difference: the first of these, in every step of its stage; None in the other.
        discrepancy: the second; None while the autoencoder is trained.
        pictures_per_s: photos trained on in a second, lately.
        time_left_s: estimated time to the end.
    """

    step: int
    n_steps: int
    n_seen: int
    stage: str
    loss: float
    difference: float | None
    discrepancy: float | None
    pictures_per_s: float
    time_left_s: float


OnMatchingStep = Callable[[MatchingReport], None]


def matching_figures_text(report: MatchingReport) -> str:
    """The figures of a step in one line."""
    return (
        f"{report.n_seen} photos seen  {report.stage} loss {report.loss:.4f}  "
        f"{report.pictures_per_s:.1f} photos/s  {timedelta(seconds=round(report.time_left_s))} left"
    )


@dataclass(frozen=True)
class MatchingConfig:
    """How a generator is trained without a discriminator.

    Attributes:
        n_steps: steps in all.
        batch_size: photos, and pictures, in a step: the discrepancy is that of the whole batch.
        matched: "pixels", or "codes": of an autoencoder that is trained first.
        n_autoencoder_steps: of the autoencoder, before those of the generator; unused with "pixels".
        learning_rate: of the generator.
        autoencoder_rate: of the autoencoder.
        dropped: share of a photo's values that the autoencoder does not see.
        ema_half_life: photos after which a weight counts half in the average that is kept.
        ema_ramp_up: that half-life is at most this share of the photos seen so far.
        checkpoint_every: steps between checkpoints.
        n_checkpoints: how many are kept.
        seed: of latents and of what is dropped.
        free: names of choices that a training may go on without.
    """

    n_steps: int
    batch_size: int = 500
    matched: Literal["codes", "pixels"] = "codes"
    n_autoencoder_steps: int = 2000
    learning_rate: float = 1e-3
    autoencoder_rate: float = 1e-3
    dropped: float = 0.2
    ema_half_life: float = 20_000.0
    ema_ramp_up: float = 0.05
    checkpoint_every: int = 1000
    n_checkpoints: int = 3
    seed: int = 0
    free: ClassVar[frozenset[str]] = frozenset({"n_steps", "checkpoint_every", "n_checkpoints"})

    def __post_init__(self) -> None:
        check_config(
            self,
            counts=("n_steps", "n_autoencoder_steps", "checkpoint_every", "n_checkpoints"),
            above_0=("learning_rate", "autoencoder_rate", "ema_half_life"),
        )
        if self.batch_size < 2:
            raise BadOption(
                f"batch_size is {self.batch_size}", expected="2 or more, since moments are those of a batch"
            )
        if not 0 <= self.dropped < 1:
            raise BadOption(f"dropped is {self.dropped}", expected="a share from 0 to below 1")

    def is_autoencoder_step(self, step: int) -> bool:
        """Whether a step, from 0, trains the autoencoder."""
        return self.matched == "codes" and step < self.n_autoencoder_steps
