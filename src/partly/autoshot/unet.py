"""UNet without pretrained weights (Ronneberger et al., MICCAI 2015), with bilinear upsampling.

The widths 64-128-256-512-512 are those of the auto-shot network of Tritrong et al. (CVPR 2021, section 3.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partly.autoshot.layers import ConvNorm, pad_to_multiple, upsample_like


def _two_convolutions(n_in: int, n_middle: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(
        ConvNorm(n_in, n_middle, activation=nn.ReLU(inplace=True)),
        ConvNorm(n_middle, n_out, activation=nn.ReLU(inplace=True)),
    )


class UNet(nn.Module):
    """Encoder and decoder of double 3x3 convolutions, joined at every size.

    Args:
        n_parts: number of parts ``k``.
        widths: channels at full, half, quarter ... size.
    """

    def __init__(self, n_parts: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.multiple_px = 2 ** (len(widths) - 1)
        self.down = nn.ModuleList(
            _two_convolutions(n_in, n_out, n_out) for n_in, n_out in pairwise([3, *widths])
        )
        outputs = [widths[0], *widths[:-2]]
        below = [*outputs[1:], widths[-1]]
        self.up = nn.ModuleList(
            _two_convolutions(n_below + n_skip, n_skip, n_out)
            for n_below, n_skip, n_out in zip(below, widths[:-1], outputs, strict=True)
        )
        self.head = nn.Conv2d(widths[0], n_parts, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Images ``[b, 3, h, w]`` in [-1, 1], of any size, to logits ``[b, k, h, w]``."""
        height_px, width_px = images.shape[-2:]
        maps = pad_to_multiple(images, self.multiple_px)
        skips: list[Tensor] = []
        for depth, block in enumerate(self.down):
            maps = block(F.max_pool2d(maps, 2) if depth else maps)
            skips.append(maps)
        skips.pop()
        for block in reversed(self.up):
            skip = skips.pop()
            maps = block(torch.cat([upsample_like(maps, skip), skip], dim=1))
        logits: Tensor = self.head(maps)
        return logits[..., :height_px, :width_px]
