"""Soft cross-entropy against a teacher's labels, with weights for rare parts and doubtful pictures."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def soft_cross_entropy(
    logits: Tensor,
    targets: Tensor,
    *,
    part_weights: Tensor | None = None,
    picture_weights: Tensor | None = None,
    mask: Tensor | None = None,
    over: Tensor | None = None,
) -> Tensor:
    """Mean of ``-sum_k weight_k p_k log q_k`` over pixels (Hinton et al. 2015, equation 2, temperature 1).

    Args:
        logits: the network's, ``[b, k, h, w]``.
        targets: the teacher's probabilities, ``[b, k, h, w]``.
        part_weights: ``[k]``; more for rare parts.
        picture_weights: ``[b]``; less for doubtful pictures.
        mask: ``[b, 1, h, w]`` in [0, 1]; 0 where a pixel does not count.
        over: a scalar that the sum is divided by, where these pictures are a part of those whose mean is
            taken: :func:`counted_pixels` of all. None: of these.

    Returns:
        A scalar, divided by the sum of the weights of pixels and pictures (not of parts); 0 if none counts.
    """
    if part_weights is not None:
        targets = targets * part_weights.view(1, -1, 1, 1)
    losses = -(targets * F.log_softmax(logits, dim=1)).sum(dim=1, keepdim=True)
    weights = torch.ones_like(losses) if mask is None else mask.to(losses)
    if picture_weights is not None:
        weights = weights * picture_weights.to(losses).view(-1, 1, 1, 1)
    return (losses * weights).sum() / (weights.sum() if over is None else over).clamp_min(1e-6)


def counted_pixels(mask: Tensor, picture_weights: Tensor) -> Tensor:
    """The sum of the weights of pixels and pictures, a scalar.

    Args:
        mask: ``[b, 1, h, w]`` in [0, 1].
        picture_weights: ``[b]``.
    """
    return (mask * picture_weights.to(mask).view(-1, 1, 1, 1)).sum()


def part_weights_from_frequencies(frequencies: Tensor, power: float) -> Tensor:
    """Weights proportional to ``frequency ** -power``, whose mean over pixels is 1.

    Args:
        frequencies: ``[k]``, the share of pixels of each part; they sum to 1.
        power: 0 weights all pixels alike, 1 weights all parts alike.
    """
    weights = frequencies.clamp_min(1e-4) ** -power
    return weights / (weights * frequencies).sum().clamp_min(1e-12)


def bias_correction(part_weights: Tensor, fraction: float) -> Tensor:
    """What to add to the logits of a network trained with ``part_weights``: ``-fraction * log weight``.

    Weighted cross-entropy is least at ``q ~ weight * p``, so its logits carry ``log weight`` too much, which
    makes rare parts fat. ``fraction`` 1 undoes it all, 0 nothing; the mean of the correction is 0.
    """
    shift = -fraction * part_weights.log()
    return shift - shift.mean()
