"""Light and colour: a matrix for each picture, then a gamma curve. Images are ``[b, 3, h, w]`` in [-1, 1]."""

from __future__ import annotations

import math

import torch
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in brightness (ITU-R BT.601)."""


def saturation_matrices(saturations: Tensor) -> Tensor:
    """``[b, 3, 3]``: 1 keeps the colours, 0 makes the picture grey, more than 1 strengthens them."""
    s = saturations.view(-1, 1, 1)
    return s * torch.eye(3) + (1 - s) * torch.tensor(LUMA).expand(3, 3)


def hue_matrices(angles: Tensor) -> Tensor:
    """``[b, 3, 3]``: rotations about the grey axis by ``angles`` in radians (Rodrigues' formula)."""
    axis = 1 / math.sqrt(3)
    cross = torch.tensor([[0.0, -axis, axis], [axis, 0.0, -axis], [-axis, axis, 0.0]])
    cosines, sines = angles.cos().view(-1, 1, 1), angles.sin().view(-1, 1, 1)
    return cosines * torch.eye(3) + sines * cross + (1 - cosines) / 3


def colour_transform(images: Tensor, matrices: Tensor, offsets: Tensor) -> Tensor:
    """``matrix @ rgb + offset`` for every pixel, clipped to [-1, 1].

    Args:
        images: ``[b, 3, h, w]``.
        matrices: ``[b, 3, 3]``.
        offsets: ``[b, 3]``.
    """
    matrices, offsets = matrices.to(images.device), offsets.to(images.device)
    changed = torch.baddbmm(offsets.unsqueeze(2), matrices, images.flatten(2))
    return changed.clamp_(-1, 1).view_as(images)


def gamma_curve(images: Tensor, gammas: Tensor) -> Tensor:
    """``v ** gamma`` on values ``v`` in [0, 1]; ``gammas [b]`` below 1 lighten."""
    values = (images * 0.5 + 0.5).clamp_(0, 1)
    return values.pow_(gammas.to(images.device).view(-1, 1, 1, 1)).mul_(2).sub_(1)
