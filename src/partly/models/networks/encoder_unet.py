"""A light UNet decoder on the maps of an encoder."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from partly.models.networks.conv_layers import ConvNorm, pad_to_multiple, upsample_like
from partly.models.networks.efficientnet_encoder import EfficientNetLite0


class EncoderUNet(nn.Module):
    """EfficientNet-lite0 and a decoder of plain 3x3 convolutions up to half size.

    The logits are computed at half the photo's size and upsampled: labels made from a generator's features
    are no finer than that, and a full-size decoder would cost more than all the rest.

    Args:
        n_parts: number of parts ``k``.
        widths: channels of the decoder at 1/2, 1/4, 1/8 and 1/16 of the size.
    """

    def __init__(self, n_parts: int, widths: Sequence[int] = (32, 48, 64, 96)) -> None:
        super().__init__()
        self.encoder = EfficientNetLite0()
        self.multiple_px = self.encoder.multiple_px
        *skips, bottom = self.encoder.widths
        below = [*widths[1:], bottom]
        self.up = nn.ModuleList(
            nn.Sequential(
                ConvNorm(n_below + n_skip, n_out, activation=nn.ReLU(inplace=True)),
                ConvNorm(n_out, n_out, activation=nn.ReLU(inplace=True)),
            )
            for n_below, n_skip, n_out in zip(below, skips, widths, strict=True)
        )
        self.head = nn.Conv2d(widths[0], n_parts, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Images ``[b, 3, h, w]`` in [-1, 1], of any size, to logits ``[b, k, h, w]``."""
        height_px, width_px = images.shape[-2:]
        padded = pad_to_multiple(images, self.multiple_px)
        *skips, maps = self.encoder(padded)
        for block in reversed(self.up):
            skip = skips.pop()
            maps = block(torch.cat([upsample_like(maps, skip), skip], dim=1))
        return upsample_like(self.head(maps), padded)[..., :height_px, :width_px]
