"""A moving average of a network's weights, which is what is kept after training."""

from __future__ import annotations

import math

import torch
from torch import nn


def ema_decay(step: int, half_life_steps: float) -> float:
    """How much of the average stays at ``step`` (from 0); less at first, when there is little to average."""
    return min(math.pow(0.5, 1 / max(half_life_steps, 1e-6)), (1 + step) / (10 + step))


@torch.no_grad()
def update_ema(average: nn.Module, network: nn.Module, decay: float) -> None:
    """``average = decay * average + (1 - decay) * network``, running statistics included."""
    for old, new in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if old.dtype.is_floating_point:
            old.lerp_(new, 1 - decay)
        else:
            old.copy_(new)
