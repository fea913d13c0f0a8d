"""What a live segmenter says of pictures, as bytes for a page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from partly.fewshot.segmenters import entropy

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Prediction:
    """What is said of one picture, or of all pictures of the wall.

    Attributes:
        labels: part ids, uint8 ``[h, w]`` in the picture's shape, or ``[n, t, t]`` for the wall, each picture
            stretched to a square.
        doubt: entropy of each pixel, uint8 of the same shape: 0 is certain, 255 where all parts are equally
            likely.
        version: number of the fit that says so; later ones are larger.
    """

    labels: Bytes
    doubt: Bytes
    version: int


def read_off(logits: Tensor, shown: Tensor, shape: tuple[int, int] | None = None) -> tuple[Bytes, Bytes]:
    """Labels and doubt, uint8 ``[b, h, w]``, when only some parts may be chosen.

    Args:
        logits: of all parts, ``[b, k, s, s]``.
        shown: ids ``[m]`` of the parts that may be chosen, two or more; on any device.
        shape: height and width that the square is stretched to; None leaves it a square.
    """
    shown = shown.to(logits.device)
    among = logits[:, shown]
    if shape is not None and shape != tuple(among.shape[2:]):
        among = F.interpolate(among, size=shape, mode="bilinear", align_corners=False)
    labels = shown[among.argmax(1)]
    doubt = entropy(among.log_softmax(1)).mul(255).round().clamp(0, 255)
    return labels.byte().cpu().numpy(), doubt.byte().cpu().numpy()


def shape_of_area(height: int, width: int, side_px: int) -> tuple[int, int]:
    """Height and width of the aspect ratio of ``height`` to ``width``, with about ``side_px**2`` pixels."""
    ratio = (height / width) ** 0.5
    return max(1, round(side_px * ratio)), max(1, round(side_px / ratio))
