"""A generated picture that was chosen as worth labelling."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Proposal:
    """A picture worth labelling.

    Attributes:
        seed, index: what ``sample_w`` makes the latent from.
        truncation: the factor that was drawn for it.
        w: ``[1, l, v]``.
        score: the higher the better; comparable within one call only.
    """

    seed: int
    index: int
    truncation: float
    w: Tensor
    score: float
