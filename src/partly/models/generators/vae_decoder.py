"""The decoder of a variational autoencoder as a generator (Kingma and Welling, ICLR 2014).

Its encoder is a representation of photos, :mod:`partly.models.encoders.vae_encoder`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch.nn.functional as F
from torch import Tensor, nn

from partly.models.feature_pyramid import FeaturePyramid, Level
from partly.models.generators.doubling import DoublingConv
from partly.models.generators.generator_base import UnmappedFamily
from partly.models.generators.generator_protocol import Synthesis
from partly.models.model_families import DoublingSizes, read_family

KIND = "generator/vae"
_FIRST_PX = 4


@dataclass(frozen=True)
class VAEShape(DoublingSizes):
    """Constructor arguments.

    Attributes:
        image_size_px: side of the pictures, a power of two from 8 to 512.
        z_dim: length of ``z``.
        channel_base: channels at 4 px and above are ``channel_base / size``, ...
        most_channels: ... and never more than this.
    """

    sizes = (8, 512)
    image_size_px: int = 64
    z_dim: int = 128
    channel_base: int = 1024
    most_channels: int = 256


class UpBlock(nn.Module):
    """Doubles the size: two convolutions, added to a short way round them.

    The last convolution begins at zero, so that deep stacks learn without norms (Zhang et al., ICLR 2019,
    "Fixup"): what a picture is does not depend on those beside it.
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.short = nn.Conv2d(n_in, n_out, 1)
        self.conv1 = DoublingConv(n_in, n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)

    def forward(self, maps: Tensor) -> Tensor:
        """``[b, n_in, h, w]`` to ``[b, n_out, 2h, 2w]``."""
        # A 1x1 convolution commutes with the doubling, and is cheaper before it.
        short = F.interpolate(self.short(maps), scale_factor=2.0, mode="bilinear", align_corners=False)
        changed: Tensor = self.conv2(F.silu(self.conv1(F.silu(maps))))
        return short + changed


class VAEDecoder(UnmappedFamily):
    """The generator; see :class:`partly.models.generators.Generator` for its attributes."""

    kind, name = KIND, "VAE decoder"

    def __init__(self, shape: VAEShape) -> None:
        super().__init__(shape)
        channels = [shape.n_channels(size_px) for size_px in shape.sizes_px]
        self.levels = tuple(
            Level(f"{size_px}px", size_px, n) for size_px, n in zip(shape.sizes_px, channels, strict=True)
        )
        self.first = nn.Linear(shape.z_dim, channels[0] * _FIRST_PX**2)
        self.blocks = nn.ModuleList(UpBlock(n_in, n_out) for n_in, n_out in pairwise(channels))
        self.to_rgb = nn.Conv2d(channels[-1], 3, 3, padding=1)

    def synthesise(self, w: Tensor, *, features_px: int | None = None, images: bool = True) -> Synthesis:
        """Pictures and features of ``w [b, 1, z]``; see the protocol.

        Raises:
            BadOption: ``w`` has another shape, or no level is as small as ``features_px``.
        """
        self.check_latents(w)
        wanted_px = self.largest_level_px(features_px)
        x = self.first(w[:, 0]).view(len(w), -1, _FIRST_PX, _FIRST_PX)
        maps = [x]
        for level, block in zip(self.levels[1:], self.blocks, strict=True):
            if level.size_px > wanted_px and not images:
                break
            x = block(x)
            if level.size_px <= wanted_px:
                maps.append(x)
        pictures = self.to_rgb(F.silu(x)).tanh() if images else None
        return Synthesis(pictures, FeaturePyramid(tuple(maps)))


def load_vae(folder: Path) -> VAEDecoder:
    """Read a model folder.

    Raises:
        BadModelFile: it is damaged, or of another kind.
    """
    return read_family(folder, VAEDecoder, VAEShape)
