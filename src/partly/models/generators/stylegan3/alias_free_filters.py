"""Low-pass filters with a Kaiser window, and resampling with them (Karras et al., NeurIPS 2021, appendix C).

A layer's maps are samples of a continuous signal with nothing above a cutoff frequency. Frequencies are in
cycles over the side of the picture, and so a signal of ``rate`` samples over that side can hold ``rate / 2``.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def low_pass(n_taps: int, cutoff: float, half_width: float, rate: float, *, radial: bool = False) -> Tensor:
    """A low-pass filter with a sum of 1.

    Args:
        n_taps: its length.
        cutoff: the frequency that it halves.
        half_width: half the width of the band in which it goes from all to nothing.
        rate: samples over the side of the picture.
        radial: symmetric about its centre, and so ``[n_taps, n_taps]``; else ``[n_taps]``, for each axis.
    """
    places = (np.arange(n_taps) - (n_taps - 1) / 2) / rate
    window = np.kaiser(n_taps, _beta(n_taps, 4 * half_width / rate))
    if radial:
        # The ideal filter in two dimensions is a jinc, as it is a sinc in one.
        distances = np.pi * np.hypot(*np.meshgrid(places, places))
        bessel = torch.special.bessel_j1(torch.from_numpy(2 * cutoff * distances)).numpy()
        taps = bessel / distances * np.outer(window, window)
    else:
        taps = np.sinc(2 * cutoff * places) * window
    return torch.from_numpy((taps / taps.sum()).astype(np.float32))


def _beta(n_taps: int, width: float) -> float:
    """Shape of the Kaiser window whose filter leaves a transition of ``width`` times half the rate.

    Kaiser (1974), as Oppenheim and Schafer have it (Discrete-Time Signal Processing, section 7.5.3).
    """
    attenuation_db = 2.285 * (n_taps - 1) * math.pi * width + 7.95
    if attenuation_db > 50:
        return 0.1102 * (attenuation_db - 8.7)
    if attenuation_db > 21:
        return 0.5842 * (attenuation_db - 21) ** 0.4 + 0.07886 * (attenuation_db - 21)
    return 0.0


def upsampled(maps: Tensor, taps: Tensor, factor: int, padding: tuple[int, int]) -> Tensor:
    """``[b, c, h, w]`` with zeros between, padded (or cut, where negative) along both axes, and filtered.

    Returns:
        ``[b, c, factor * h + sum(padding) - len(taps) + 1, ...]``.
    """
    b, n_channels, height, width = maps.shape
    apart = maps.new_zeros(b, n_channels, height, factor, width, factor)
    apart[:, :, :, 0, :, 0] = maps
    apart = F.pad(apart.view(b, n_channels, factor * height, factor * width), padding * 2)
    # Of ``factor`` samples one is there, along each axis.
    return _filtered(apart, taps * (factor if taps.ndim == 1 else factor**2))


def downsampled(maps: Tensor, taps: Tensor, factor: int) -> Tensor:
    """``[b, c, h, w]`` filtered without padding, and every ``factor``-th sample of that."""
    return _filtered(maps, taps)[:, :, ::factor, ::factor]


def _filtered(maps: Tensor, taps: Tensor) -> Tensor:
    """Every map by itself; all filters here are symmetric."""
    n_channels = maps.shape[1]
    if taps.ndim == 2:
        return F.conv2d(maps, taps.expand(n_channels, 1, -1, -1), groups=n_channels)
    maps = F.conv2d(maps, taps.view(1, 1, -1, 1).expand(n_channels, -1, -1, -1), groups=n_channels)
    return F.conv2d(maps, taps.view(1, 1, 1, -1).expand(n_channels, -1, -1, -1), groups=n_channels)
