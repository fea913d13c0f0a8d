"""Pictures from bytes to the range of networks, and to the size that is wanted."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def to_images(pixels: Tensor) -> Tensor:
    """uint8 ``[b, 3, h, w]`` to float32 in [-1, 1]."""
    return pixels.float().div_(127.5).sub_(1)


def resized(maps: Tensor, size_px: int) -> Tensor:
    """``[b, c, s, s]`` to ``[b, c, size_px, size_px]``: means of blocks where they fit, else antialiased."""
    side = maps.shape[-1]
    if side == size_px:
        return maps
    if side % size_px == 0:
        return F.avg_pool2d(maps, side // size_px)
    return F.interpolate(maps, (size_px, size_px), mode="bilinear", antialias=side > size_px)
