"""Changes that only some pictures of a batch get; the others stay bit for bit what they are."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from partly.training.augmentation.draws import happens


def with_chance(values: Tensor, neutral: float, chance: float, random: torch.Generator) -> Tensor:
    """``values [n]``, each kept with ``chance``; the others become ``neutral``."""
    return torch.where(happens(len(values), chance, random), values, neutral)


def differs(matrices: Tensor) -> Tensor:
    """``[n]``: which of ``matrices [n, k, k]`` are not the unit matrix."""
    return (matrices != torch.eye(matrices.shape[-1], dtype=matrices.dtype)).flatten(1).any(1)


def change_chosen(images: Tensor, chosen: Tensor, change: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Change some images of a batch; no time is spent on the others.

    Args:
        images: ``[b, c, h, w]``.
        chosen: ``[b]`` booleans, on the CPU.
        change: chosen images ``[k, c, h, w]`` and their places in the batch ``[k]``, on the CPU, to what the
            images become.
    """
    places = chosen.nonzero().squeeze(1)
    if len(places) == 0:
        return images
    if len(places) == len(images):
        return change(images, places)
    there = places.to(images.device)
    return images.index_copy(0, there, change(images.index_select(0, there), places))
