"""How unlike two pictures look: distances of features, and of pixels, which gradients can be taken of."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

_EPSILON = 1e-10


def unit_normalised(maps: Tensor) -> Tensor:
    """``[b, c, h, w]`` with the channels of every pixel as a vector of length 1; zeros stay zeros."""
    return maps * torch.rsqrt(maps.square().sum(dim=1, keepdim=True) + _EPSILON)


def perceptual_distance(
    first: Sequence[Tensor],
    second: Sequence[Tensor],
    heads: Sequence[Tensor],
    weights: Tensor | None = None,
) -> Tensor:
    """Learned perceptual distance ``[b]`` (Zhang et al., CVPR 2018, equation 1), 0 for what looks the same.

    Args:
        first: maps ``[b, c, h, w]`` of each level of a network, of unit length in each pixel.
        second: those of the other pictures.
        heads: ``[c]`` of each level: how much the square of each channel's difference counts.
        weights: ``[b, 1, h, w]``, how much each place of a picture counts, 0 or more, of any size; None: all
            places alike.
    """
    total = first[0].new_zeros(len(first[0]))
    for one, other, head in zip(first, second, heads, strict=True):
        squares = ((one - other).square() * head.view(1, -1, 1, 1)).sum(dim=1, keepdim=True)
        total = total + weighted_mean(squares, weights)
    return total


def pixel_distance(first: Tensor, second: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean square ``[b]`` of the difference of pictures ``[b, 3, h, w]``; ``weights`` as above."""
    return weighted_mean((first - second).square().mean(dim=1, keepdim=True), weights)


def beyond_range(images: Tensor) -> Tensor:
    """Mean square ``[b]`` of what values of images ``[b, 3, h, w]`` have beyond [-1, 1]."""
    return (images - images.clamp(-1, 1)).square().mean(dim=(1, 2, 3))


def weighted_mean(maps: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean ``[b]`` over all places of ``maps [b, 1, h, w]``; 0 where no place counts.

    Args:
        maps: what is averaged.
        weights: ``[b, 1, h, w]``, 0 or more, of any size; None: all places alike.
    """
    if weights is None:
        return maps.mean(dim=(1, 2, 3))
    there = F.interpolate(weights, size=maps.shape[-2:], mode="area")
    return (maps * there).sum(dim=(1, 2, 3)) / there.sum(dim=(1, 2, 3)).clamp(min=_EPSILON)
