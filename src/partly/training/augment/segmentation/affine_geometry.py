"""Where each output pixel comes from: flip, rotation, scale and translation in one resampling."""

from __future__ import annotations

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Padding = Literal["reflection", "border", "zeros"]


def affine_matrices(flips: Tensor, angles: Tensor, scales: Tensor, shifts: Tensor) -> Tensor:
    """Matrices ``[b, 2, 3]`` from output coordinates to input coordinates, both in [-1, 1].

    Args:
        flips: ``[b]`` booleans; true mirrors left and right (before the rotation).
        angles: ``[b]`` in radians; positive turns the picture counter-clockwise.
        scales: ``[b]``; 2 makes what is shown twice as large.
        shifts: ``[b, 2]`` to the right and down, in half pictures.
    """
    cosines, sines = angles.cos() / scales, angles.sin() / scales
    linear = torch.stack((torch.stack((cosines, -sines), -1), torch.stack((sines, cosines), -1)), -2)
    linear[:, 0] *= torch.where(flips, -1.0, 1.0)[:, None]
    return torch.cat((linear, -linear @ shifts[:, :, None]), dim=2)


def sampling_grid(matrices: Tensor, size_px: int) -> Tensor:
    """Input coordinates ``[b, size_px, size_px, 2]`` (x, y) in [-1, 1] of every output pixel."""
    return F.affine_grid(matrices, [len(matrices), 1, size_px, size_px], align_corners=False)


def inside(grid: Tensor) -> Tensor:
    """``[b, 1, h, w]``: 1 where the pixel comes from the picture, 0 where it comes from its padding."""
    return (grid.abs() <= 1).all(dim=-1).unsqueeze(1).to(grid.dtype)


def mip_levels(matrices: Tensor, source_px: int, size_px: int) -> Tensor:
    """How often ``[b]`` to halve each source before sampling, so that few pixels are skipped."""
    shrinkage = matrices[:, :, :2].det().abs().sqrt() * (source_px / size_px)
    most = max(int(math.log2(source_px)) - 3, 0)
    return shrinkage.log2().round().clamp(0, most).long()


def warp(maps: Tensor, matrices: Tensor, size_px: int, padding: Padding = "reflection") -> Tensor:
    """Resample ``[b, c, s, s]`` to ``[b, c, size_px, size_px]``, from halved copies where it shrinks.

    Args:
        maps: square pictures or label scores, on any device.
        matrices: from :func:`affine_matrices`, ``[b, 2, 3]``, on the processor.
        size_px: side of the result.
        padding: what lies outside of the picture.
    """
    grid = sampling_grid(matrices.to(maps.device), size_px)
    levels = mip_levels(matrices, maps.shape[-1], size_px)
    result = maps.new_empty(len(maps), maps.shape[1], size_px, size_px)
    for level in sorted(set(levels.tolist())):
        chosen = (levels == level).nonzero().squeeze(1).to(maps.device)
        source = maps[chosen]
        if level:
            source = F.avg_pool2d(source, 2**level, ceil_mode=True, count_include_pad=False)
        result[chosen] = F.grid_sample(source, grid[chosen], padding_mode=padding, align_corners=False)
    return result


def swap_mirrored_parts(labels: Tensor, flips: Tensor, permutation: tuple[int, ...]) -> Tensor:
    """Give mirrored pictures' left parts to the right and the other way round.

    Args:
        labels: scores ``[b, k, h, w]``.
        flips: ``[b]`` booleans, the pictures that were mirrored.
        permutation: :meth:`PartSet.mirror_permutation`, of length ``k``.
    """
    if permutation == tuple(range(len(permutation))):
        return labels
    return torch.where(flips.to(labels.device).view(-1, 1, 1, 1), labels[:, list(permutation)], labels)
