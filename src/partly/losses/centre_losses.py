"""What an object finder is trained by: a focal loss of centres, and distances of what stands there."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def centre_loss(logits: Tensor, heat: Tensor, counts: Tensor, n_objects: Tensor) -> Tensor:
    """The penalty-reduced focal loss of Zhou et al. 2019, "Objects as Points", equation 1 (alpha 2, beta 4).

    Args:
        logits: that a centre is there, ``[b, h, w]``.
        heat: 1 at centres, falling around them to 0, ``[b, h, w]``.
        counts: 0 where it does not count, else 1, ``[b, h, w]``.
        n_objects: what the sum is divided by, a scalar above 0.

    Returns:
        A scalar.
    """
    probability = logits.sigmoid()
    is_centre = (heat >= 1).to(logits)
    found = is_centre * (1 - probability) ** 2 * F.logsigmoid(logits)
    invented = (1 - is_centre) * (1 - heat) ** 4 * probability**2 * F.logsigmoid(-logits)
    return -(counts * (found + invented)).sum() / n_objects


def placement_loss(said: Tensor, true: Tensor, weights: Tensor, over: Tensor | None = None) -> Tensor:
    """Mean absolute error of offsets, logarithms of sides and directions near centres.

    Args:
        said: ``[b, 5, h, w]``: right, down, logarithm of the side; cosine and sine, of any length.
        true: likewise, cosine and sine of length 1.
        weights: of the places, ``[b, h, w]``.
        over: a scalar that the sum is divided by, where these scenes are a part of those whose mean is taken;
            None: the sum of the weights.

    Returns:
        A scalar; 0 where no place has a weight.
    """
    directions = F.normalize(said[:, 3:], dim=1, eps=1e-4)
    errors = (torch.cat([said[:, :3], directions], dim=1) - true).abs().sum(1)
    return (errors * weights).sum() / (weights.sum() if over is None else over).clamp_min(1e-6)
