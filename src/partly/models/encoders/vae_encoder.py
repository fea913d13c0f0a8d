"""The encoder of a variational autoencoder (Kingma and Welling, ICLR 2014), and what it sees on its way.

Its decoder is a generator, :mod:`partly.models.generators.vae_decoder`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch.nn.functional as F
from torch import Tensor, nn

from partly.models.encoders.photo_encoder import RepresentationFamily
from partly.models.feature_pyramid import FeaturePyramid, Level
from partly.models.model_families import DoublingSizes, read_family

KIND = "representation/vae-encoder"
_LAST_PX = 4


@dataclass(frozen=True)
class VAEEncoderShape(DoublingSizes):
    """Constructor arguments.

    Attributes:
        image_size_px: side of the photos, a power of two from 8 to 512.
        z_dim: length of ``z``.
        channel_base: channels at 4 px and above are ``channel_base / size``, ...
        most_channels: ... and never more than this.
    """

    sizes = (8, 512)
    image_size_px: int = 64
    z_dim: int = 128
    channel_base: int = 1024
    most_channels: int = 256


class DownBlock(nn.Module):
    """Halves the size: two convolutions, added to a short way round them.

    The last convolution begins at zero, so that deep stacks learn without norms (Zhang et al., ICLR 2019,
    "Fixup").
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.short = nn.Conv2d(n_in, n_out, 1)
        self.conv1 = nn.Conv2d(n_in, n_in, 3, padding=1)
        self.conv2 = nn.Conv2d(n_in, n_out, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)

    def forward(self, maps: Tensor) -> Tensor:
        """``[b, n_in, h, w]`` to ``[b, n_out, h / 2, w / 2]``."""
        changed = F.avg_pool2d(self.conv1(F.silu(maps)), 2)
        return self.short(F.avg_pool2d(maps, 2)) + self.conv2(F.silu(changed))


class VAEEncoder(RepresentationFamily):
    """The representation; see :class:`partly.models.encoders.Representation` for its attributes.

    Attributes:
        z_dim: length of ``z``.
    """

    kind, name = KIND, "VAE encoder"

    def __init__(self, shape: VAEEncoderShape) -> None:
        super().__init__(shape)
        self.z_dim, self.image_size_px = shape.z_dim, shape.image_size_px
        channels = [shape.n_channels(size_px) for size_px in shape.sizes_px]
        self.levels = tuple(
            Level(f"{size_px}px", size_px, n) for size_px, n in zip(shape.sizes_px, channels, strict=True)
        )
        self.from_rgb = nn.Conv2d(3, channels[-1], 3, padding=1)
        self.blocks = nn.ModuleList(DownBlock(n_in, n_out) for n_in, n_out in pairwise(channels[::-1]))
        self.mean = nn.Linear(channels[0] * _LAST_PX**2, shape.z_dim)
        self.log_variance = nn.Linear(channels[0] * _LAST_PX**2, shape.z_dim)
        # The posterior of every photo begins as wide as the prior.
        nn.init.zeros_(self.log_variance.weight)
        nn.init.zeros_(self.log_variance.bias)

    def read(self, images: Tensor) -> FeaturePyramid:
        """Features of photos ``[b, 3, s, s]`` in [-1, 1], coarse to fine.

        Raises:
            BadOption: photos of another size.
        """
        self.check_images(images)
        maps = [self.from_rgb(images)]
        for block in self.blocks:
            maps.append(block(maps[-1]))
        return FeaturePyramid(tuple(maps[::-1]))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The posterior ``q(z | x)`` of photos ``[b, 3, s, s]``, a diagonal Gaussian.

        Returns:
            Its mean ``[b, z]``, and the logarithm of its variance ``[b, z]``.

        Raises:
            BadOption: photos of another size.
        """
        x = F.silu(self.read(images).maps[0]).flatten(1)
        return self.mean(x), self.log_variance(x)


def load_vae_encoder(folder: Path) -> VAEEncoder:
    """Read a model folder.

    Raises:
        BadModelFile: it is damaged, or of another kind.
    """
    return read_family(folder, VAEEncoder, VAEEncoderShape)
