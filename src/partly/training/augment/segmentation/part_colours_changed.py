"""Other colours of single parts: that hair is blond in one picture and black in the next teaches nothing.

A few labels, and a teacher that learned from them, know each part in few colours. Domain randomisation (Tobin
et al., IROS 2017) of parts, by the labels that training has anyhow, leaves shape and place to go by.
"""

from __future__ import annotations

import torch
from torch import Tensor

# A part goes at most so far towards its new colour, and is at most so much lighter or darker (a logarithm).
_MOST_BLENDED = 0.5
_MOST_GAIN = 0.5


def recolour_parts(images: Tensor, shares: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """``gain * ((1 - a) * v + a * colour)`` on values ``v`` in [0, 1], all three drawn for every part.

    Where a pixel belongs to several parts, factors and summands are mixed in their shares, so that soft edges
    stay soft.

    Args:
        images: ``[b, 3, h, w]`` in [-1, 1].
        shares: how much of each pixel belongs to each part, ``[b, k, h, w]``; they sum to 1.
        probability: of a part of a picture; the others stay as they are.
        generator: where all random numbers come from.
    """
    n, n_parts = shares.shape[:2]

    def drawn(n_values: int) -> Tensor:
        return torch.rand(n, n_parts, n_values, generator=generator)

    changed = (drawn(1) < probability).float()
    blended = drawn(1) * _MOST_BLENDED * changed
    gain = ((drawn(1) * 2 - 1) * _MOST_GAIN * changed).exp()
    factors = (gain * (1 - blended)).squeeze(2)
    summands = gain * blended * drawn(3)
    factor = torch.einsum("bkhw,bk->bhw", shares, factors.to(shares.device)).unsqueeze(1)
    summand = torch.einsum("bkhw,bkc->bchw", shares, summands.to(shares.device))
    # v' = f v + s is x' = f x + (f + 2 s - 1) in [-1, 1].
    return (factor * images + (factor + 2 * summand - 1)).clamp_(-1, 1)
