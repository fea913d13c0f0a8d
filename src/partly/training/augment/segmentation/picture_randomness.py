"""Random numbers for a batch, one for each picture."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def uniform(n: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    """``[n]`` numbers between ``low`` and ``high``."""
    return torch.rand(n, generator=generator) * (high - low) + low


def log_uniform(n: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    """``[n]`` numbers between ``low`` and ``high``, whose logarithms are spread evenly."""
    return uniform(n, math.log(low), math.log(high), generator).exp()


def happens(n: int, probability: float, generator: torch.Generator) -> Tensor:
    """``[n]`` booleans, each true with ``probability``."""
    return torch.rand(n, generator=generator) < probability
