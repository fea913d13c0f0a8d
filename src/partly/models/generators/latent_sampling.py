"""Latents that depend on a seed and an index only, whatever else was drawn before."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from partly.errors import BadOption
from partly.models.generators.generator_protocol import Generator
from partly.models.generators.truncation import Truncation

__all__ = [
    "Truncation",
    "mean_of_w",
    "sample_factor",
    "sample_w",
    "sample_z",
    "truncate",
]

_N_MEAN = 10_000
_MEAN_SEED = 0


def truncate(w: Tensor, w_mean: Tensor, factor: float | Tensor) -> Tensor:
    """``w_mean + factor * (w - w_mean)`` for ``w [b, l, v]``: the truncation trick of StyleGAN."""
    return w_mean + factor * (w - w_mean)


def sample_z(z_dim: int, seed: int, index: int) -> Tensor:
    """Standard normal ``z [1, z_dim]`` of one picture.

    NumPy's Philox is the source: its values are the same on every machine and every version.
    """
    return torch.from_numpy(_bits(seed, index).standard_normal((1, z_dim)).astype(np.float32))


def sample_factor(truncation: Truncation, seed: int, index: int) -> float:
    """The truncation factor of one picture."""
    return float(_bits(seed, index, stream=1).uniform(truncation.low, truncation.high))


def sample_w(generator: Generator, seed: int, index: int, truncation: Truncation | None = None) -> Tensor:
    """Mapped and truncated latent ``w [1, l, v]`` of picture ``index`` of ``seed``."""
    with torch.no_grad():
        w = generator.map(sample_z(generator.z_dim, seed, index))
        if truncation is None:
            return w
        return truncate(w, generator.w_mean, sample_factor(truncation, seed, index))


def mean_of_w(generator: Generator, n: int = _N_MEAN) -> Tensor:
    """Mean ``[v]`` of ``w`` over ``n`` latents, summed in double precision."""
    z = torch.cat([sample_z(generator.z_dim, _MEAN_SEED, i) for i in range(n)])
    with torch.no_grad():
        return generator.map(z)[:, 0].double().mean(dim=0).float()


def _bits(seed: int, index: int, stream: int = 0) -> np.random.Generator:
    if seed < 0 or index < 0:
        raise BadOption(f"seed {seed}, index {index}", expected="numbers from 0 up")
    return np.random.Generator(np.random.Philox(key=[seed, (stream << 48) | index]))
