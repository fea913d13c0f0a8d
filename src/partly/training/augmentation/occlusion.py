"""Rectangles that hide a part of the picture."""

from __future__ import annotations

import torch
from torch import Tensor

from partly.training.augmentation.draws import uniform


def rectangle_masks(n: int, size_px: int, largest: float, generator: torch.Generator) -> Tensor:
    """``[n, 1, size_px, size_px]`` booleans, true in one rectangle each.

    Args:
        n: number of masks.
        size_px: their side.
        largest: longest side of a rectangle, as a share of ``size_px``.
        generator: where the random numbers come from.
    """
    places = (torch.arange(size_px) + 0.5) / size_px
    spans = []
    for _ in range(2):
        middles = uniform(n, 0, 1, generator)[:, None]
        halves = uniform(n, 0.1 * largest, largest, generator)[:, None] / 2
        spans.append((places - middles).abs() <= halves)
    rows, columns = spans
    return (rows[:, :, None] & columns[:, None, :]).unsqueeze(1)


def occlude(images: Tensor, masks: Tensor, colours: Tensor) -> Tensor:
    """Paint ``images [b, 3, h, w]`` with ``colours [b, 3]`` where ``masks [b, 1, h, w]`` are true."""
    return torch.where(masks, colours[:, :, None, None], images)
