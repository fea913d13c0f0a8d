"""Pixels to what networks take, and scores to label maps."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.rivals.protocol import LabelMap, Pixels
from partly.data.photos import resize_pixels

_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def images_of(pixels: Pixels, size_px: int | None = None) -> Tensor:
    """uint8 ``[h, w, 3]`` to ``[1, 3, h, w]`` in [-1, 1], or to a square of ``size_px``."""
    if size_px is not None:
        pixels = resize_pixels(pixels, size_px, size_px)
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].float() / 127.5 - 1


def imagenet_normalised(images: Tensor) -> Tensor:
    """Images in [-1, 1] in the units of networks of ImageNet."""
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (_IMAGENET_MEAN, _IMAGENET_STD))
    return ((images + 1) / 2 - mean) / std


def best_parts(scores: Tensor, height: int, width: int) -> LabelMap:
    """Label map ``[height, width]`` of scores ``[k, h, w]``, upsampled bilinearly first."""
    at_size = F.interpolate(scores[None], size=(height, width), mode="bilinear", align_corners=False)
    label_map: LabelMap = at_size[0].argmax(0).byte().numpy()
    return label_map
