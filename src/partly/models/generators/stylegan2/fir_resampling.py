"""Resampling by two with a small low-pass filter, as StyleGAN2 does it, in plain convolutions.

Upsampling sets zeros between pixels and filters, downsampling filters and keeps every second pixel (Karras et
al., CVPR 2020, after Zhang, ICML 2019). The filter is separable, so it runs along columns, then along rows.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

TAPS = (1.0, 3.0, 3.0, 1.0)
"""The filter of StyleGAN and StyleGAN2, along one axis, before it is normalised to a sum of 1."""


def filtered(
    maps: Tensor, padding: tuple[int, int], taps: tuple[float, ...] = TAPS, gain: float = 1.0
) -> Tensor:
    """Filter ``[b, c, h, w]`` along both axes.

    Args:
        maps: what to filter.
        padding: zeros before and after, along each axis; negative ones cut off.
        taps: the filter along one axis; it is normalised to a sum of 1. All filters here are symmetric.
        gain: what the result is multiplied by.

    Returns:
        ``[b, c, h + sum(padding) - len(taps) + 1, ...]``.
    """
    taps_1d = torch.tensor(taps, dtype=maps.dtype).to(maps.device)
    taps_1d = taps_1d * (gain**0.5 / taps_1d.sum())
    n_channels = maps.shape[1]
    maps = F.pad(maps, padding * 2)
    maps = F.conv2d(maps, taps_1d.view(1, 1, -1, 1).expand(n_channels, -1, -1, -1), groups=n_channels)
    return F.conv2d(maps, taps_1d.view(1, 1, 1, -1).expand(n_channels, -1, -1, -1), groups=n_channels)


def upsampled(maps: Tensor, taps: tuple[float, ...] = TAPS) -> Tensor:
    """``[b, c, h, w]`` to ``[b, c, 2h, 2w]``; a constant stays what it is, but for the border."""
    b, n_channels, height, width = maps.shape
    apart = maps.new_zeros(b, n_channels, height, 2, width, 2)
    apart[:, :, :, 0, :, 0] = maps
    n = len(taps)
    return filtered(
        apart.view(b, n_channels, 2 * height, 2 * width), ((n + 1) // 2, (n - 2) // 2), taps, gain=4
    )


def downsampled(maps: Tensor, taps: tuple[float, ...] = TAPS) -> Tensor:
    """``[b, c, 2h, 2w]`` to ``[b, c, h, w]``; a constant stays what it is, but for the border."""
    n = len(taps)
    return filtered(maps, ((n - 1) // 2, (n - 2) // 2), taps)[:, :, ::2, ::2]
