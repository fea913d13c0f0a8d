"""Other things behind the object: backgrounds of real photos vary more than those of generated pictures."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from partly.training.augment.segmentation.affine_geometry import affine_matrices, warp
from partly.training.augment.segmentation.picture_randomness import log_uniform, uniform


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
