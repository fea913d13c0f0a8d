"""A moving average of a network's weights, which is what is kept after training."""

from __future__ import annotations

import math

import torch
from torch import nn


def ema_decay(step: int, half_life_steps: float) -> float:
    """How much of the average stays at ``step`` (from 0); less at first, when there is little to average."""
    return min(math.pow(0.5, 1 / max(half_life_steps, 1e-6)), (1 + step) / (10 + step))


def ramped_decay(batch_size: int, n_seen: int, half_life: float, ramp_up: float) -> float:
    """How much of the average stays after a batch (Karras et al., NeurIPS 2020, released code).

    Args:
        batch_size: pictures in the step.
        n_seen: pictures seen so far, those of the step among them.
        half_life: pictures after which a weight counts half.
        ramp_up: the half-life is at most this share of the pictures seen.
    """
    half_life = min(half_life, ramp_up * n_seen)
    return float(0.5 ** (batch_size / max(half_life, 1e-8)))


@torch.no_grad()
def update_ema(average: nn.Module, network: nn.Module, decay: float) -> None:
    """``average = decay * average + (1 - decay) * network``, running statistics included."""
    for old, new in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if old.dtype.is_floating_point:
            old.lerp_(new, 1 - decay)
        else:
            old.copy_(new)
