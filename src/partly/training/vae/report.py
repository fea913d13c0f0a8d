"""What a training of a variational autoencoder tells of each step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta


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


OnVAEStep = Callable[[VAEReport], None]


def vae_figures_text(report: VAEReport) -> str:
    """The figures of a step in one line."""
    return (
        f"{report.n_seen} photos seen  loss {report.loss:.3f}  difference {report.difference:.3f}  "
        f"divergence {report.divergence:.1f} nats  "
        f"{report.pictures_per_s:.1f} photos/s  {timedelta(seconds=round(report.time_left_s))} left"
    )
