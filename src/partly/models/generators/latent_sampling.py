"""Latents that depend on purpose, seed and index only, whatever else was drawn before."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from partly.models.generators.generator_protocol import Generator
from partly.models.generators.truncation import Truncation
from partly.storage import PicturePurpose, Version, picture_seed, picture_stream

__all__ = [
    "Truncation",
    "mean_of_w",
    "sample_factor",
    "sample_w",
    "sample_z",
    "truncate",
]

_N_MEAN = 10_000


def truncate(w: Tensor, w_mean: Tensor, factor: float | Tensor) -> Tensor:
    """``w_mean + factor * (w - w_mean)`` for ``w [b, l, v]``: the truncation trick of StyleGAN."""
    return w_mean + factor * (w - w_mean)


def sample_z(
    z_dim: int,
    seed: int,
    index: int,
    purpose: PicturePurpose = "proposals",
    version: Version | None = None,
) -> Tensor:
    """Standard normal ``z [1, z_dim]`` of one picture.

    Args:
        z_dim: how many numbers.
        seed: 0 or more.
        index: of the picture, 0 or more.
        purpose: what the picture is for; see :mod:`partly.storage.streams`.
        version: of the table of streams; None: the one that holds now.

    Raises:
        BadOption: a seed or index below 0.
    """
    random = picture_stream(purpose, seed, index, version=version)
    return torch.from_numpy(random.standard_normal((1, z_dim)).astype(np.float32))


def sample_factor(
    truncation: Truncation,
    seed: int,
    index: int,
    purpose: PicturePurpose = "proposals",
    version: Version | None = None,
) -> float:
    """The truncation factor of one picture; arguments and errors as those of :func:`sample_z`."""
    random = picture_stream(purpose, seed, index, factor=True, version=version)
    return float(random.uniform(truncation.low, truncation.high))


def sample_w(
    generator: Generator,
    seed: int,
    index: int,
    truncation: Truncation | None = None,
    purpose: PicturePurpose = "proposals",
    version: Version | None = None,
) -> Tensor:
    """Mapped and truncated latent ``w [1, l, v]`` of picture ``index`` of ``seed``; see :func:`sample_z`."""
    with torch.no_grad():
        w = generator.map(sample_z(generator.z_dim, seed, index, purpose, version))
        if truncation is None:
            return w
        return truncate(w, generator.w_mean, sample_factor(truncation, seed, index, purpose, version))


def mean_of_w(generator: Generator, n: int = _N_MEAN) -> Tensor:
    """Mean ``[v]`` of ``w`` over ``n`` latents, summed in double precision."""
    seed = picture_seed("mean of w")
    z = torch.cat([sample_z(generator.z_dim, seed, i, "mean of w") for i in range(n)])
    with torch.no_grad():
        return generator.map(z)[:, 0].double().mean(dim=0).float()
