"""Boundaries of parts that follow the edges of the photo."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from partly.predict.guided_filter import guided_filter

# Wider windows eat small parts; docs/lab.md has the figures.
_RADIUS_SHARE = 1 / 128
_EPSILON = 1e-3
_LEAST = 1e-6


def refined(logits: Tensor, pixels: NDArray[np.uint8]) -> Tensor:
    """Logits ``[k, h, w]`` whose probabilities went through the guided filter; see :func:`guided_filter`.

    Args:
        logits: of a photo.
        pixels: the photo at the same size, uint8 ``[h, w, 3]``.
    """
    guide = torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
    radius_px = max(1, round(_RADIUS_SHARE * max(pixels.shape[:2])))
    shares = guided_filter(guide, logits.softmax(0), radius_px, _EPSILON)
    return shares.clamp_min(_LEAST).log()
