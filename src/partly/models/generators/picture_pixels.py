"""What generators give, as the bytes of pictures."""

from __future__ import annotations

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from partly.models.generators.generator_protocol import Synthesis


def images_of(synthesis: Synthesis) -> Tensor:
    """The pictures of a synthesis ``[b, 3, h, w]``, held within [-1, 1].

    Raises:
        TypeError: it was made without pictures.
    """
    if synthesis.images is None:
        raise TypeError("the generator gave no picture")
    return synthesis.images.clamp(-1, 1)


def to_bytes(images: Tensor, size_px: int | None = None) -> Tensor:
    """Pictures ``[b, 3, h, w]`` in [-1, 1] as uint8.

    Args:
        images: the pictures.
        size_px: side of the result; smaller pictures are means of areas. None leaves the size.
    """
    if size_px is not None:
        images = F.interpolate(images, size=(size_px, size_px), mode="area")
    return ((images + 1) * 127.5).round().byte()


def pixels_of(synthesis: Synthesis, size_px: int | None = None) -> NDArray[np.uint8]:
    """The first picture of a synthesis, uint8 ``[s, s, 3]``; see :func:`to_bytes`.

    Raises:
        TypeError: the synthesis was made without pictures.
    """
    first = to_bytes(images_of(synthesis)[:1], size_px)[0]
    return np.ascontiguousarray(first.permute(1, 2, 0).cpu().numpy())
