"""Pixels to what networks take, and scores to label maps."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.rivals.protocol import LabelMap, Pixels
from partly.data.photos import resize_pixels


def images_of(pixels: Pixels, size_px: int | None = None) -> Tensor:
    """uint8 ``[h, w, 3]`` to ``[1, 3, h, w]`` in [-1, 1], or to a square of ``size_px``."""
    if size_px is not None:
        pixels = resize_pixels(pixels, size_px, size_px)
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].float() / 127.5 - 1


def best_parts(scores: Tensor, height: int, width: int) -> LabelMap:
    """Label map ``[height, width]`` of scores ``[k, h, w]``, upsampled bilinearly first."""
    at_size = F.interpolate(scores[None], size=(height, width), mode="bilinear", align_corners=False)
    label_map: LabelMap = at_size[0].argmax(0).byte().numpy()
    return label_map
