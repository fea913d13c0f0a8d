"""StyleGAN2 (Karras et al., CVPR 2020): the generator with skip connections of RGB pictures."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from partly.models.feature_pyramid import FeaturePyramid, Level
from partly.models.generators.generator_base import MappedFamily
from partly.models.generators.generator_protocol import Synthesis
from partly.models.generators.stylegan2.fir_resampling import upsampled
from partly.models.generators.stylegan2.modulated_layers import (
    EqualisedLinear,
    Noise,
    StyledConv,
    ToRGB,
    leaky,
    normed,
)
from partly.models.generators.stylegan2.stylegan2_shape import StyleGAN2Shape
from partly.models.model_families import read_family

KIND = "generator/stylegan2"
_FIRST_PX = 4


class MappingShape(Protocol):
    """What a mapping network is made of; see :class:`StyleGAN2Shape`."""

    @property
    def z_dim(self) -> int:
        """Length of ``z``."""

    @property
    def w_dim(self) -> int:
        """Length of ``w``."""

    @property
    def n_mapping_layers(self) -> int:
        """Fully connected layers."""

    @property
    def mapping_rate(self) -> float:
        """Factor of the learning rate."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, if any."""


class MappingNetwork(nn.Module):
    """``z [b, z] -> w [b, v]``: pixel norm, then fully connected layers (Karras et al., CVPR 2019).

    A class is embedded, normed and put behind ``z`` (released code of Karras et al., NeurIPS 2020).

    Args:
        shape: says how many layers, and which classes.
    """

    def __init__(self, shape: MappingShape) -> None:
        super().__init__()
        first = shape.z_dim + (shape.w_dim if shape.classes else 0)
        widths = [first] + [shape.w_dim] * shape.n_mapping_layers
        self.embed = EqualisedLinear(len(shape.classes), shape.w_dim) if shape.classes else None
        self.layers = nn.ModuleList(
            EqualisedLinear(n_in, n_out, rate=shape.mapping_rate) for n_in, n_out in pairwise(widths)
        )

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """Mapped latent of ``z``, of classes ``condition [b, c]`` where there are some."""
        x = normed(z)
        if self.embed is not None and condition is not None:
            x = torch.cat([x, normed(self.embed(condition))], dim=1)
        for layer in self.layers:
            x = leaky(layer(x))
        return x


class Block(nn.Module):
    """Doubles the size, then one more styled convolution, and adds to the picture."""

    def __init__(self, shape: StyleGAN2Shape, size_px: int) -> None:
        super().__init__()
        n_in, n_out = shape.n_channels(size_px // 2), shape.n_channels(size_px)
        self.conv1 = StyledConv(shape.w_dim, n_in, n_out, size_px, up=True, clamp=shape.clamp)
        self.conv2 = StyledConv(shape.w_dim, n_out, n_out, size_px, clamp=shape.clamp)
        self.to_rgb = ToRGB(shape.w_dim, n_out, clamp=shape.clamp)

    def forward(
        self, x: Tensor, images: Tensor | None, w: Tensor, random: torch.Generator | None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """One block.

        Args:
            x: ``[b, n_in, h, w]``.
            images: the pictures so far ``[b, 3, h, w]``, or None where none are wanted.
            w: the block's three rows ``[b, 3, v]``.
            random: draws fresh noise.

        Returns:
            Both activation maps, and the pictures, at twice the size.
        """
        first = self.conv1(x, w[:, 0], random)
        second = self.conv2(first, w[:, 1], random)
        if images is not None:
            images = upsampled(images) + self.to_rgb(second, w[:, 2])
        return first, second, images


class StyleGAN2(MappedFamily):
    """The generator; see :class:`partly.models.generators.Generator` for its attributes.

    ``w`` has a row for each styled convolution and one for the last picture; a picture's layer takes the row
    of the convolution that follows it (the released code's sharing of rows).
    """

    kind, name = KIND, "StyleGAN2"

    def __init__(self, shape: StyleGAN2Shape) -> None:
        super().__init__(shape)
        self.z_dim, self.w_dim = shape.z_dim, shape.w_dim
        sizes_px = shape.sizes_px
        self.n_layers = 2 * len(sizes_px)
        self.image_size_px = shape.image_size_px
        self.levels = _levels(shape)
        self.mapping = MappingNetwork(shape)
        n_first = shape.n_channels(_FIRST_PX)
        self.constant = nn.Parameter(torch.randn(1, n_first, _FIRST_PX, _FIRST_PX))
        self.conv1 = StyledConv(shape.w_dim, n_first, n_first, _FIRST_PX, clamp=shape.clamp)
        self.to_rgb = ToRGB(shape.w_dim, n_first, clamp=shape.clamp)
        self.blocks = nn.ModuleList(Block(shape, size_px) for size_px in sizes_px[1:])
        self.register_buffer("w_mean", torch.zeros(shape.w_dim))
        self.with_class_means()

    def synthesise(self, w: Tensor, *, features_px: int | None = None, images: bool = True) -> Synthesis:
        """Pictures and features of ``w [b, l, v]``; see the protocol.

        Raises:
            BadOption: ``w`` has another shape, or no level is as small as ``features_px``.
        """
        self.check_latents(w)
        wanted_px = self.largest_level_px(features_px)
        return self._synthesised(w, wanted_px, images, None)

    def noise_inputs(self) -> dict[str, Tensor]:
        """The map of each styled convolution, ``[h, w]``, by the name of its buffer."""
        layers = {name: layer for name, layer in self.named_modules() if isinstance(layer, Noise)}
        return {f"{name}.constant": layer.constant for name, layer in layers.items()}

    def forward(self, w: Tensor, random: torch.Generator | None = None) -> Tensor:
        """Pictures ``[b, 3, h, w]`` of ``w [b, l, v]`` for training, with fresh noise from ``random``."""
        images = self._synthesised(w, 0, True, random).images
        assert images is not None
        return images

    def _synthesised(
        self, w: Tensor, wanted_px: int, with_images: bool, random: torch.Generator | None
    ) -> Synthesis:
        x = self.conv1(self.constant.expand(len(w), -1, -1, -1), w[:, 0], random)
        images = self.to_rgb(x, w[:, 1]) if with_images else None
        maps = [x]
        for i, block in enumerate(self.blocks):
            size_px = 2 * _FIRST_PX << i
            if size_px > wanted_px and images is None:
                break
            first, x, images = block(x, images, w[:, 1 + 2 * i : 4 + 2 * i], random)
            if size_px <= wanted_px:
                maps += [first, x]
        return Synthesis(images, FeaturePyramid(tuple(maps)))


def load_stylegan2(folder: Path) -> StyleGAN2:
    """Read a model folder.

    Raises:
        BadModelFile: it is damaged, or of another kind.
    """
    return read_family(folder, StyleGAN2, StyleGAN2Shape)


def _levels(shape: StyleGAN2Shape) -> tuple[Level, ...]:
    first, *others = shape.sizes_px
    levels = [Level(f"{first}px", first, shape.n_channels(first))]
    for size_px in others:
        levels += [Level(f"{size_px}px-{i}", size_px, shape.n_channels(size_px)) for i in (1, 2)]
    return tuple(levels)
