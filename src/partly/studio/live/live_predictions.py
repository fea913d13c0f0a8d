"""What a live segmenter says of pictures, as bytes for a page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from partly.fewshot.segmenters import entropy

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Prediction:
    """What is said of one picture, or of all pictures of the wall.

    Attributes:
        labels: part ids, uint8 ``[s, s]``, or ``[n, t, t]`` for the wall.
        doubt: entropy of each pixel, uint8 of the same shape: 0 is certain, 255 where all parts are equally
            likely.
        version: number of the fit that says so; later ones are larger.
    """

    labels: Bytes
    doubt: Bytes
    version: int


def read_off(logits: Tensor, shown: Tensor) -> tuple[Bytes, Bytes]:
    """Labels and doubt, uint8 ``[b, s, s]``, when only some parts may be chosen.

    Args:
        logits: of all parts, ``[b, k, s, s]``.
        shown: ids ``[m]`` of the parts that may be chosen, two or more.
    """
    among = logits[:, shown]
    labels = shown[among.argmax(1)]
    doubt = entropy(among.log_softmax(1)).mul(255).round().clamp(0, 255)
    return labels.byte().numpy(), doubt.byte().numpy()
