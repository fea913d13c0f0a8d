"""The second stage of a stacked generator: small pictures to larger ones.

After "StackGAN" (Zhang et al., ICCV 2017), section 3.4: the small picture is encoded, a condition is put
beside it at every place, residual blocks bring the two together, and the size is doubled as often as needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partly.losses import drawn
from partly.models.feature_pyramid import resize
from partly.models.generators.light_generator import GatedConv

_SLOPE = 0.2
_COARSEST_PX, _MOST_HALVINGS = 4, 2


class Conditioning(nn.Module):
    """Conditioning augmentation: ``c ~ N(mean(w), variance(w))`` (StackGAN, section 3.2).

    The paper draws anew whenever a picture is made. Here what is drawn is a latent of the second stage, so
    that a picture follows from its latents: ``c = mean(w) + deviation(w) * z``.

    Args:
        w_dim: length of the small generator's ``w``.
        z_dim: length of the second stage's latent ``z``, and of ``c``.
    """

    def __init__(self, w_dim: int, z_dim: int) -> None:
        super().__init__()
        self.layer = nn.Linear(w_dim, 2 * z_dim)
        # What is drawn is the latent itself at first, which is normal.
        nn.init.zeros_(self.layer.weight)
        nn.init.zeros_(self.layer.bias)

    def distribution(self, w: Tensor) -> tuple[Tensor, Tensor]:
        """Means and logarithms of variances, both ``[b, z]``, of ``w [b, v]``."""
        mean, log_variance = self.layer(w).chunk(2, dim=1)
        return mean, log_variance

    def forward(self, w: Tensor, z: Tensor) -> Tensor:
        """The condition ``c [b, z]`` of ``w [b, v]`` and ``z [b, z]``."""
        return drawn(*self.distribution(w), z)


class ResidualBlock(nn.Module):
    """Two convolutions with batch norm, added to what they were made of (He et al., CVPR 2016)."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(n, n, 3, padding=1, bias=False),
            nn.BatchNorm2d(n),
            nn.LeakyReLU(_SLOPE),
            nn.Conv2d(n, n, 3, padding=1, bias=False),
            nn.BatchNorm2d(n),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """``[b, n, h, w]`` to the same shape."""
        return F.leaky_relu(maps + self.layers(maps), _SLOPE)


@dataclass(frozen=True)
class StageSizes:
    """Sides of the maps of a second stage.

    Attributes:
        small_px: of the small pictures.
        large_px: of the pictures.
    """

    small_px: int
    large_px: int

    @property
    def down_px(self) -> tuple[int, ...]:
        """Of the small picture, and of its maps as it is encoded: halved twice, to 4 px at the least."""
        sizes = [self.small_px]
        while len(sizes) <= _MOST_HALVINGS and sizes[-1] % 2 == 0 and sizes[-1] > _COARSEST_PX:
            sizes.append(sizes[-1] // 2)
        return tuple(sizes)

    @property
    def up_px(self) -> tuple[int, ...]:
        """Of the maps after each doubling, the side of the pictures last."""
        sizes = [2 * self.down_px[-1]]
        while sizes[-1] < self.large_px:
            sizes.append(2 * sizes[-1])
        return tuple(sizes)


class SecondStage(nn.Module):
    """Small pictures and conditions to larger pictures.

    What it makes is added to the enlarged small picture, as in a Laplacian pyramid (Denton et al., NIPS
    2015), and is nothing at first, so that training begins with the small generator's pictures.

    Args:
        sizes: of small and large pictures.
        z_dim: length of the condition.
        channels: of the maps of each size.
        n_blocks: residual blocks.
    """

    def __init__(self, sizes: StageSizes, z_dim: int, channels: dict[int, int], n_blocks: int) -> None:
        super().__init__()
        self.sizes = sizes
        n = [channels[size_px] for size_px in sizes.down_px]
        self.first = nn.Sequential(nn.Conv2d(3, n[0], 3, padding=1), nn.LeakyReLU(_SLOPE))
        self.down = nn.Sequential(*(_halving(n_in, n_out) for n_in, n_out in pairwise(n)))
        self.join = nn.Sequential(
            nn.Conv2d(n[-1] + z_dim, n[-1], 3, padding=1, bias=False),
            nn.BatchNorm2d(n[-1]),
            nn.LeakyReLU(_SLOPE),
        )
        self.blocks = nn.Sequential(*(ResidualBlock(n[-1]) for _ in range(n_blocks)))
        widths = pairwise([n[-1], *(channels[size_px] for size_px in sizes.up_px)])
        self.up = nn.ModuleList(
            GatedConv(n_in, n_out, size_px, double=True)
            for (n_in, n_out), size_px in zip(widths, sizes.up_px, strict=True)
        )
        self.to_rgb = nn.Conv2d(channels[sizes.large_px], 3, 3, padding=1)
        for weight in self.to_rgb.parameters():
            nn.init.zeros_(weight)

    def maps(
        self, small: Tensor, condition: Tensor, largest_px: int, random: torch.Generator | None
    ) -> list[Tensor]:
        """Maps after each doubling up to ``largest_px``.

        Args:
            small: pictures ``[b, 3, s, s]``.
            condition: ``[b, z]``.
            largest_px: finer maps are not made.
            random: draws fresh noise; None leaves it as it is.

        Returns:
            ``[b, c, p, p]`` of each size ``p`` of ``sizes.up_px`` up to ``largest_px``, coarse to fine.
        """
        encoded = self.down(self.first(small))
        planes = condition[:, :, None, None].expand(-1, -1, *encoded.shape[2:])
        x = self.blocks(self.join(torch.cat([encoded, planes], dim=1)))
        made = []
        for size_px, layer in zip(self.sizes.up_px, self.up, strict=True):
            if size_px > largest_px:
                break
            x = layer(x, random)
            made.append(x)
        return made

    def picture(self, small: Tensor, finest: Tensor) -> Tensor:
        """Pictures ``[b, 3, l, l]`` of small ones and of the last of :meth:`maps`."""
        made: Tensor = resize(small, self.sizes.large_px) + self.to_rgb(finest)
        return made


def _halving(n_in: int, n_out: int) -> nn.Sequential:
    """Maps of half the size."""
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 4, 2, 1, bias=False), nn.BatchNorm2d(n_out), nn.LeakyReLU(_SLOPE)
    )
