"""Images in the units of networks that were trained on ImageNet."""

from __future__ import annotations

import torch
from torch import Tensor

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of red, green and blue in [0, 1], over the photos of ImageNet."""


def imagenet_normalised(images: Tensor) -> Tensor:
    """Images ``[b, 3, h, w]`` in [-1, 1], each channel less its mean in units of its deviation."""
    mean, deviation = (torch.tensor(v).view(3, 1, 1).to(images.device) for v in (_MEAN, _DEVIATION))
    return ((images.float() + 1) / 2 - mean) / deviation
