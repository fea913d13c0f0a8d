"""Statistics over pictures, by which a discriminator sees that they are all alike."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from partly.errors import BadOption


def check_images(images: Tensor, size_px: int) -> None:
    """Refuse images of another size.

    Raises:
        BadOption: ``images`` is not ``[b, 3, size_px, size_px]``.
    """
    if images.shape[1:] != (3, size_px, size_px):
        raise BadOption(f"images of shape {list(images.shape)}", expected=f"[b, 3, {size_px}, {size_px}]")


def check_condition(condition: Tensor | None, shape: tuple[int, ...]) -> Tensor:
    """Refuse conditions of another shape.

    Raises:
        BadOption: ``condition`` is none, or not of ``shape``, which is ``[b, c]``.
    """
    if condition is None or condition.shape != shape:
        found = "no condition" if condition is None else f"a condition of shape {list(condition.shape)}"
        raise BadOption(found, expected=f"{list(shape)}: the class of each image")
    return condition


class MinibatchDeviation(nn.Module):
    """One more map: how much the pictures of a group differ (Karras et al., ICLR 2018, section 3).

    Args:
        group_size: pictures in a group; a batch that it does not divide is one group.
    """

    def __init__(self, group_size: int = 4) -> None:
        super().__init__()
        self.group_size = group_size

    def forward(self, maps: Tensor) -> Tensor:
        """``[b, c, h, w]`` to ``[b, c + 1, h, w]``.

        Picture ``i`` is in a group with those ``b / group_size`` apart, as in the released code.
        """
        b, _, height, width = maps.shape
        n = self.group_size if b % self.group_size == 0 else b
        groups = maps.view(n, b // n, *maps.shape[1:])
        # Not std(): its slope at 0, where all pictures are the same, is infinite.
        variance = (groups - groups.mean(dim=0)).square().mean(dim=0)  # as var(), whose kernel is slow
        deviation = (variance + 1e-8).sqrt().mean(dim=(1, 2, 3))
        one = deviation.repeat(n).view(b, 1, 1, 1).expand(-1, -1, height, width)
        return torch.cat([maps, one], dim=1)
