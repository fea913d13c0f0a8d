"""What cameras do to pictures: blur, low resolution, noise. Images are ``[b, 3, h, w]`` in [-1, 1]."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from partly.machine import where_able


def gaussian_kernels(sigmas_px: Tensor) -> Tensor:
    """Normalised kernels ``[b, 2 r + 1]`` with ``r`` three times the largest sigma."""
    radius_px = max(1, math.ceil(3 * float(sigmas_px.max())))
    distances = torch.arange(-radius_px, radius_px + 1, dtype=sigmas_px.dtype)
    kernels = torch.exp(-0.5 * (distances / sigmas_px.clamp_min(1e-3).view(-1, 1)) ** 2)
    return kernels / kernels.sum(dim=1, keepdim=True)


def gaussian_blur(images: Tensor, sigmas_px: Tensor) -> Tensor:
    """Blur each picture by its own ``sigmas_px [b]``; the border is repeated."""
    n_pictures, n_channels, height_px, width_px = images.shape
    kernels = gaussian_kernels(sigmas_px).repeat_interleave(n_channels, dim=0).to(images.device)
    radius_px = kernels.shape[1] // 2
    planes = images.reshape(1, n_pictures * n_channels, height_px, width_px)
    planes = F.pad(planes, (radius_px,) * 4, mode="replicate")
    groups = n_pictures * n_channels
    planes = F.conv2d(planes, kernels[:, None, None, :], groups=groups)
    planes = F.conv2d(planes, kernels[:, None, :, None], groups=groups)
    return planes.view(n_pictures, n_channels, height_px, width_px)


def low_resolution(images: Tensor, factors: Tensor) -> Tensor:
    """Shrink each picture by its own ``factors [b]`` (at least 1) and enlarge it again, bilinear."""
    size = images.shape[-2:]
    results = []
    for image, factor in zip(images, factors.tolist(), strict=True):
        small = [max(1, round(side / factor)) for side in size]
        shrunk = F.interpolate(where_able(image)[None], small, mode="bilinear", antialias=True)
        results.append(F.interpolate(shrunk.to(image.device), size, mode="bilinear"))
    return torch.cat(results)


def add_noise(images: Tensor, deviations: Tensor, generator: torch.Generator) -> Tensor:
    """Add normal noise with standard ``deviations [b]`` (of the range [-1, 1]), clipped."""
    noise = torch.randn(images.shape, generator=generator)
    return noise.mul_(deviations.view(-1, 1, 1, 1)).to(images.device).add_(images).clamp_(-1, 1)
