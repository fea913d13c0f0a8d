"""How long a training takes on several GPUs, from published speeds of one and of eight."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedSpeed:
    """Seconds for a thousand photos, as NVIDIA's table of StyleGAN2-ADA has them, batch 32, A100.

    Attributes:
        size_px: side of the pictures.
        one_s: on one GPU.
        eight_s: on eight of one machine.
    """

    size_px: int
    one_s: float
    eight_s: float


PUBLISHED = (PublishedSpeed(512, 41.1, 5.2), PublishedSpeed(1024, 90.4, 11.7))
"""StyleGAN3's docs/configs.md; measured by its authors, not by us."""

BATCH = 32
N_PHOTOS = 25_000_000
"""Shown until it has converged, as there."""


def days(speed: PublishedSpeed, n_gpus: int, n_photos: int = N_PHOTOS) -> float | None:
    """Days of a training with batches of 32; None where a batch cannot be shared by so many.

    What eight GPUs take beyond an eighth of one's time is spent on sums of gradients. A ring of n passes
    2 (n - 1) / n times the gradients through each (Patarasuk and Yuan, 2009), so that grows little with n;
    between machines it is slower than within one, by an unknown factor that is left out here.
    """
    if BATCH % n_gpus:
        return None
    sums_of_eight = speed.eight_s - speed.one_s / 8
    sums = sums_of_eight * ((n_gpus - 1) / n_gpus) / (7 / 8)
    return (speed.one_s / n_gpus + sums) * n_photos / 1000 / 86_400
