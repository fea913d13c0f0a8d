"""Resampling by two with a small low-pass filter, as StyleGAN2 does it, in plain convolutions.

Upsampling sets zeros between pixels and filters, downsampling filters and keeps every second pixel (Karras et
al., CVPR 2020, after Zhang, ICML 2019). Each is one depthwise convolution: with a stride, which computes only
what is kept, or transposed, which never sees the zeros. The filter is separable, but two passes over large
maps take longer than one with more multiplications: on a processor both wait for memory.
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
    before, after = padding
    if before != after or before < 0:
        maps, before = F.pad(maps, padding * 2), 0
    return F.conv2d(maps, _kernel(taps, gain, maps), padding=before, groups=maps.shape[1])


def upsampled(maps: Tensor, taps: tuple[float, ...] = TAPS) -> Tensor:
    """``[b, c, h, w]`` to ``[b, c, 2h, 2w]``; a constant stays what it is, but for the border."""
    kernel, n = _kernel(taps, 4.0, maps), len(taps)
    found = F.conv_transpose2d(maps, kernel, stride=2, padding=(n - 2) // 2, groups=maps.shape[1])
    # A filter of odd length leaves one pixel more.
    return found[:, :, :-1, :-1] if n % 2 else found


def downsampled(maps: Tensor, taps: tuple[float, ...] = TAPS) -> Tensor:
    """``[b, c, 2h, 2w]`` to ``[b, c, h, w]``; a constant stays what it is, but for the border."""
    kernel, n = _kernel(taps, 1.0, maps), len(taps)
    return F.conv2d(maps, kernel, stride=2, padding=(n - 1) // 2, groups=maps.shape[1])


def _kernel(taps: tuple[float, ...], gain: float, like: Tensor) -> Tensor:
    """The filter along both axes, for each channel of ``like [b, c, h, w]``: ``[c, 1, n, n]``, sum gain."""
    along = torch.tensor(taps, dtype=like.dtype)
    along = along * (gain**0.5 / along.sum())
    return torch.outer(along, along).to(like.device).expand(like.shape[1], 1, -1, -1)
