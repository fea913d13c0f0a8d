"""Other things behind the object: backgrounds of real photos vary more than those of generated pictures."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from partly.training.augmentation.draws import log_uniform
from partly.training.augmentation.geometry import affine_matrices, warp

# A pixel counts as background from the first probability on, and fully so at the second.
_FADE = (0.35, 0.75)
# Shown so large, a picture is no longer an object but a texture.
_ENLARGED = (2.0, 8.0)


def backdrops(images: Tensor, generator: torch.Generator) -> Tensor:
    """Textures ``[b, 3, h, w]``: enlarged, turned cuttings of the other pictures of a batch ``images``."""
    n = len(images)
    others = images.roll(int(torch.randint(1, max(2, n), (), generator=generator)), 0)
    angles = (torch.rand(n, generator=generator) * 2 - 1) * torch.pi
    shifts = (torch.rand(n, 2, generator=generator) * 2 - 1) * _ENLARGED[0]
    flips = torch.zeros(n, dtype=torch.bool)
    matrices = affine_matrices(flips, angles, log_uniform(n, *_ENLARGED, generator), shifts)
    return warp(others, matrices, images.shape[-1], "reflection")


def paste_behind(images: Tensor, background: Tensor, behind: Tensor) -> Tensor:
    """``behind`` where ``background`` says so.

    Args:
        images: ``[b, 3, h, w]``.
        background: probability of background, ``[b, 1, h, w]``.
        behind: ``[b, 3, h, w]``.
    """
    low, high = _FADE
    # Averaged over a few pixels, so that the seam is as soft as the edges of photos are.
    share = F.avg_pool2d(((background - low) / (high - low)).clamp(0, 1), 3, 1, 1, count_include_pad=False)
    return images + share * (behind - images)
