"""Learning rate and picture size over the steps of a training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


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
