"""What holds maps of noise to noise, where they are searched for together with a latent."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

_SMALLEST_PX = 8


def noise_autocorrelation(noise: Tensor) -> Tensor:
    """How far maps are from white noise, ``[b]`` (Karras et al., CVPR 2020, appendix D): 0 for white noise.

    The squared means of products with the right and the lower neighbour, over a pyramid down to 8 px. Each of
    its levels is half of the last, by means of 2x2 pixels, times two, which leaves the variance of noise as
    it is.

    Args:
        noise: ``[b, 1, h, w]``; borders meet the opposite ones.
    """
    total = noise.new_zeros(len(noise))
    while True:
        for axis in (2, 3):
            total = total + (noise * noise.roll(1, axis)).mean(dim=(1, 2, 3)).square()
        if min(noise.shape[-2:]) <= _SMALLEST_PX:
            return total
        noise = 2 * F.avg_pool2d(noise, 2)
