"""The choices of a training of a variational autoencoder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from partly.training.chassis.config_checks import check_config
from partly.training.chassis.step_log import portions_text


@dataclass(frozen=True)
class VAEReport:
    """One step.

    Attributes:
        step: number of steps done.
        n_steps: number of steps in all.
        n_seen: photos shown so far.
        loss: of this step, in nats for each value of a picture.
        log_likelihood: ``log p(x | z)`` of a photo of this step, in nats.
        divergence: ``KL(q(z | x) | p(z))`` of a photo of this step, in nats: how much latents know of photos.
        difference: mean absolute difference of photos and pictures, where values go from -1 to 1.
        pictures_per_s: photos trained on in a second, lately.
        time_left_s: estimated time to the end.
        n_portions: that the batch was taken in, one after another; more than 1 where memory is short.
    """

    step: int
    n_steps: int
    n_seen: int
    loss: float
    log_likelihood: float
    divergence: float
    difference: float
    pictures_per_s: float
    time_left_s: float
    n_portions: int = 1


OnVAEStep = Callable[[VAEReport], None]


def vae_figures_text(report: VAEReport) -> str:
    """The figures of a step in one line."""
    return (
        f"{report.n_seen} photos seen  loss {report.loss:.3f}  difference {report.difference:.3f}  "
        f"{portions_text(report.n_portions)}divergence {report.divergence:.1f} nats  "
        f"{report.pictures_per_s:.1f} photos/s  {timedelta(seconds=round(report.time_left_s))} left"
    )


@dataclass(frozen=True)
class VAEConfig:
    """How encoder and decoder are trained.

    Attributes:
        n_steps: steps of both.
        batch_size: photos in a step.
        learning_rate: of both.
        betas: of Adam.
        ema_half_life: photos after which a weight counts half in the average that is kept.
        ema_ramp_up: that half-life is at most this share of the photos seen so far.
        checkpoint_every: steps between checkpoints.
        n_checkpoints: how many are kept.
        seed: of the draws from the posteriors.
        free: names of choices that a training may go on without.
    """

    n_steps: int
    batch_size: int = 32
    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.99)
    ema_half_life: float = 10_000.0
    ema_ramp_up: float = 0.05
    checkpoint_every: int = 1000
    n_checkpoints: int = 3
    seed: int = 0
    free: ClassVar[frozenset[str]] = frozenset({"n_steps", "checkpoint_every", "n_checkpoints"})

    def __post_init__(self) -> None:
        check_config(
            self,
            counts=("n_steps", "batch_size", "checkpoint_every", "n_checkpoints"),
            above_0=("learning_rate", "ema_half_life"),
        )
