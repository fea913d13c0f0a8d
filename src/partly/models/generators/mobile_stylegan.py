"""MobileStyleGAN: a small StyleGAN2 of depthwise convolutions and wavelets (Belousov, arXiv:2104.04767).

Where StyleGAN2 has dense 3x3 convolutions and adds RGB images of growing size, this has depthwise 3x3 plus
pointwise convolutions, demodulation by a constant (section 3.3), upsampling by the inverse Haar transform
(section 3.2) and one head at the end, which gives the four Haar bands of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partly.errors import BadOption
from partly.models.feature_pyramid import FeaturePyramid, Level
from partly.models.generators.generator_base import GeneratorFamily
from partly.models.generators.generator_protocol import Synthesis
from partly.models.model_families import read_family

KIND = "generator/mobile-stylegan"
_SLOPE = 0.2
_SQRT2 = 2.0**0.5


@dataclass(frozen=True)
class MobileStyleGANShape:
    """Constructor arguments.

    Attributes:
        w_dim: length of ``z`` and of ``w``.
        n_mapping_layers: fully connected layers of the mapping network.
        channels: channels at 4 px, then after each block (8 px, 16 px, …).
        up_channels: channels after each block's inverse wavelet transform.
    """

    w_dim: int = 512
    n_mapping_layers: int = 8
    channels: tuple[int, ...] = (512, 512, 512, 512, 512, 256, 128, 64)
    up_channels: tuple[int, ...] = (128, 128, 128, 128, 128, 64, 32)


class MappingNetwork(nn.Module):
    """``z [b, v] -> w [b, v]``: pixel norm, then layers of leaky ReLU scaled by the square root of two."""

    def __init__(self, w_dim: int, n_layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(w_dim, w_dim) for _ in range(n_layers))

    def forward(self, z: Tensor) -> Tensor:
        """Mapped latent of ``z``."""
        x = z * torch.rsqrt(z.square().mean(dim=1, keepdim=True) + 1e-8)
        for layer in self.layers:
            x = F.leaky_relu(layer(x), _SLOPE) * _SQRT2
        return x


class DenseStyledConv(nn.Module):
    """The first convolution: dense 3x3 on the modulated constant, noise, bias, leaky ReLU."""

    def __init__(self, w_dim: int, n_in: int, n_out: int, size_px: int) -> None:
        super().__init__()
        self.modulation = nn.Linear(w_dim, n_in)
        self.weight = nn.Parameter(torch.randn(n_out, n_in, 3, 3) / (3 * n_in**0.5))
        self.bias = nn.Parameter(torch.zeros(n_out))
        self.noise = nn.Parameter(torch.zeros(1, 1, size_px, size_px))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Features ``[b, n_out, h, w]`` of ``x [b, n_in, h, w]`` in the style ``w [b, v]``."""
        x = F.conv2d(x * self.modulation(w)[:, :, None, None], self.weight, self.bias, padding=1)
        return F.leaky_relu_(x.add_(self.noise), _SLOPE)


class StyledConv(nn.Module):
    """Modulation, depthwise 3x3, pointwise, noise, bias, leaky ReLU.

    Demodulation is by a constant that is part of the pointwise weights.
    """

    def __init__(self, w_dim: int, n_in: int, n_out: int, size_px: int) -> None:
        super().__init__()
        self.modulation = nn.Linear(w_dim, n_in)
        self.depthwise = nn.Parameter(torch.randn(n_in, 1, 3, 3) / 3)
        self.pointwise = nn.Parameter(torch.randn(n_out, n_in, 1, 1) / n_in**0.5)
        self.bias = nn.Parameter(torch.zeros(n_out))
        self.noise = nn.Parameter(torch.zeros(1, 1, size_px, size_px))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Features ``[b, n_out, h, w]`` of ``x [b, n_in, h, w]`` in the style ``w [b, v]``."""
        style = self.modulation(w)
        if len(x) == 1:
            # A depthwise convolution commutes with a scaling of channels, so the style of a single picture
            # goes into its few weights instead of its many pixels.
            x = F.conv2d(x, self.depthwise * style[0, :, None, None, None], padding=1, groups=x.shape[1])
        else:
            x = F.conv2d(x * style[:, :, None, None], self.depthwise, padding=1, groups=x.shape[1])
        x = F.conv2d(x, self.pointwise, self.bias)
        return F.leaky_relu_(x.add_(self.noise), _SLOPE)


class Block(nn.Module):
    """Doubles the size by an inverse wavelet transform, then two styled convolutions."""

    def __init__(self, w_dim: int, n_in: int, n_up: int, n_out: int, size_px: int) -> None:
        super().__init__()
        if n_in != 4 * n_up:
            raise BadOption(
                f"{n_in} channels before upsampling, {n_up} after", expected="four times as many before"
            )
        self.up_modulation = nn.Linear(w_dim, n_in)
        self.conv1 = StyledConv(w_dim, n_up, n_out, size_px)
        self.conv2 = StyledConv(w_dim, n_out, n_out, size_px)

    def forward(self, x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        """Both activation maps, for ``x [b, n_in, h, w]`` and the block's three rows ``w [b, 3, v]``."""
        up = inverse_haar(x * self.up_modulation(w[:, 0])[:, :, None, None])
        first = self.conv1(up, w[:, 1])
        return first, self.conv2(first, w[:, 2])


class Head(nn.Module):
    """Modulated 1x1 convolution to the four Haar bands of the RGB picture."""

    def __init__(self, w_dim: int, n_in: int) -> None:
        super().__init__()
        self.modulation = nn.Linear(w_dim, n_in)
        self.weight = nn.Parameter(torch.randn(12, n_in, 1, 1) / n_in**0.5)
        self.bias = nn.Parameter(torch.zeros(12))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Picture ``[b, 3, 2h, 2w]`` of features ``x [b, n_in, h, w]``."""
        bands = F.conv2d(x * self.modulation(w)[:, :, None, None], self.weight, self.bias)
        return inverse_haar(bands)


def inverse_haar(bands: Tensor) -> Tensor:
    """Inverse two-dimensional Haar transform of ``[b, 4c, h, w]`` to ``[b, c, 2h, 2w]``.

    The first ``c`` channels are the low band; then, for each channel, the details along rows, along columns
    and along both. Orthonormal: the mean of each 2x2 square is half the low band.
    """
    b, n, h, w = bands.shape
    c = n // 4
    low = bands[:, :c] * 0.5
    details = bands[:, c:].reshape(b, c, 3, h, w) * 0.5
    rows, columns, both = details.unbind(2)
    upper, lower = low + rows, low - rows
    left, right = columns + both, columns - both
    squares = torch.stack((upper + left, upper - left, lower + right, lower - right), dim=2)
    return F.pixel_shuffle(squares.reshape(b, n, h, w), 2)


class MobileStyleGAN(GeneratorFamily):
    """The generator; see :class:`partly.models.generators.Generator` for its other attributes."""

    kind, name = KIND, "MobileStyleGAN"

    def __init__(self, shape: MobileStyleGANShape) -> None:
        if len(shape.channels) != len(shape.up_channels) + 1:
            raise BadOption(
                f"{len(shape.channels)} channel numbers and {len(shape.up_channels)} of upsampling",
                expected="one more of the first",
            )
        super().__init__(shape)
        self.z_dim = self.w_dim = shape.w_dim
        n_blocks = len(shape.up_channels)
        self.n_layers = 1 + 3 * n_blocks + 1
        self.image_size_px = 8 << n_blocks
        self.levels = _levels(shape)
        self.mapping = MappingNetwork(shape.w_dim, shape.n_mapping_layers)
        self.constant = nn.Parameter(torch.randn(1, shape.channels[0], 4, 4))
        self.conv1 = DenseStyledConv(shape.w_dim, shape.channels[0], shape.channels[0], 4)
        self.blocks = nn.ModuleList(
            Block(shape.w_dim, shape.channels[i], shape.up_channels[i], shape.channels[i + 1], 8 << i)
            for i in range(n_blocks)
        )
        self.head = Head(shape.w_dim, shape.channels[-1])
        self.register_buffer("w_mean", torch.zeros(shape.w_dim))
        self.with_class_means()

    def map(self, z: Tensor, condition: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """Mapped latents ``[b, l, v]`` of ``z [b, z]``, the same row for every layer."""
        return self.mapping(z)[:, None].expand(-1, self.n_layers, -1)

    def synthesise(self, w: Tensor, *, features_px: int | None = None, images: bool = True) -> Synthesis:
        """Pictures and features of ``w [b, l, v]``; see the protocol.

        Raises:
            BadOption: ``w`` has another shape, or no level is as small as ``features_px``.
        """
        self.check_latents(w)
        wanted_px = self.largest_level_px(features_px)
        x = self.conv1(self.constant.expand(len(w), -1, -1, -1), w[:, 0])
        maps = [x]
        for i, block in enumerate(self.blocks):
            size_px = 8 << i
            if size_px > wanted_px and not images:
                break
            first, x = block(x, w[:, 1 + 3 * i : 4 + 3 * i])
            if size_px <= wanted_px:
                maps += [first, x]
        return Synthesis(self.head(x, w[:, -1]) if images else None, FeaturePyramid(tuple(maps)))


def load_mobile_stylegan(folder: Path) -> MobileStyleGAN:
    """Read a model folder.

    Raises:
        BadModelFile: it is damaged, or of another kind.
    """
    return read_family(folder, MobileStyleGAN, MobileStyleGANShape)


def _levels(shape: MobileStyleGANShape) -> tuple[Level, ...]:
    levels = [Level("4px.1", 4, shape.channels[0])]
    for i, n_channels in enumerate(shape.channels[1:]):
        levels += [Level(f"{8 << i}px.{k}", 8 << i, n_channels) for k in (1, 2)]
    return tuple(levels)
