"""How step size and noise change over a search (Karras et al., CVPR 2020, appendix D)."""

from __future__ import annotations

import math

_UP, _DOWN, _NOISY, _NOISE = 0.05, 0.25, 0.75, 0.05


def rate_ramp(step: int, n_steps: int) -> float:
    """Share of the learning rate at a step: up over the first 5 %, down a cosine over the last 25 %.

    Args:
        step: from 0.
        n_steps: of the search; time goes from 0 to below 1.
    """
    time = step / n_steps
    down = min(1.0, (1 - time) / _DOWN)
    return (0.5 - 0.5 * math.cos(math.pi * down)) * min(1.0, (step + 1) / (n_steps * _UP))


def noise_ramp(step: int, n_steps: int) -> float:
    """Deviation of the noise on a latent, in lengths of a usual one: 0.05 at first, 0 from 75 % on."""
    return _NOISE * max(0.0, 1 - step / n_steps / _NOISY) ** 2
