"""Where a pixel is, as features: x, y, x², y², xy, standardised over the picture."""

from __future__ import annotations

import torch
from torch import Tensor

N_COORDINATES = 5
# Deviations over the square [-1, 1]²: of x, of x² (whose mean is a third) and of xy.
_DEVIATION, _SQUARE_MEAN, _SQUARE_DEVIATION, _PRODUCT_DEVIATION = 3**-0.5, 1 / 3, (4 / 45) ** 0.5, 1 / 3


def coordinates_at(x: Tensor, y: Tensor) -> Tensor:
    """``[5, …]`` of positions in [-1, 1], each of mean 0 and deviation 1 over the picture.

    The scale does not depend on how finely the picture is sampled, so weights learned on one grid hold on
    another.
    """
    return torch.stack(
        (
            x / _DEVIATION,
            y / _DEVIATION,
            (x.square() - _SQUARE_MEAN) / _SQUARE_DEVIATION,
            (y.square() - _SQUARE_MEAN) / _SQUARE_DEVIATION,
            x * y / _PRODUCT_DEVIATION,
        )
    )


def coordinates(size_px: int) -> Tensor:
    """``[5, size_px, size_px]`` at the pixel centres of a square picture."""
    ticks = (torch.arange(size_px) + 0.5) / size_px * 2 - 1
    y, x = torch.meshgrid(ticks, ticks, indexing="ij")
    return coordinates_at(x, y)
