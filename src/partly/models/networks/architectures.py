"""The auto-shot architectures that can be asked for by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partly.errors import BadOption
from partly.models.networks.conv_layers import ConvNorm, pad_to_multiple, upsample_like
from partly.models.networks.encoder_unet import EncoderUNet


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


ARCHITECTURES: Mapping[str, Callable[[int], nn.Module]] = MappingProxyType(
    {
        "unet-small": lambda n_parts: UNet(n_parts, (16, 32, 64, 128, 128)),
        "unet-medium": lambda n_parts: UNet(n_parts, (32, 64, 128, 256, 256)),
        "unet-paper": lambda n_parts: UNet(n_parts, (64, 128, 256, 512, 512)),
        "lite0-unet": lambda n_parts: EncoderUNet(n_parts),
    }
)
"""Name to builder: 1.1, 4.3, 17.3 million parameters; 3.6 million with an encoder that can be pretrained."""


def build(architecture: str, n_parts: int) -> nn.Module:
    """A new network of the named architecture, ``[b, 3, h, w]`` to ``[b, n_parts, h, w]``.

    Raises:
        BadOption: no architecture has that name.
    """
    if architecture not in ARCHITECTURES:
        raise BadOption(
            f"there is no auto-shot architecture {architecture!r}",
            expected="one of " + ", ".join(ARCHITECTURES),
        )
    return ARCHITECTURES[architecture](n_parts)
