"""StyleGAN3 (Karras et al., "Alias-Free Generative Adversarial Networks", NeurIPS 2021): the generator."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from partly.models.feature_pyramid import FeaturePyramid, Level
from partly.models.generators.generator_base import MappedFamily
from partly.models.generators.generator_protocol import Synthesis
from partly.models.generators.stylegan2.stylegan2_generator import MappingNetwork
from partly.models.generators.stylegan3.stylegan3_layers import AliasFreeLayer, FourierInput
from partly.models.generators.stylegan3.stylegan3_shape import StyleGAN3Shape
from partly.models.model_families import read_family

KIND = "generator/stylegan3"


class StyleGAN3(MappedFamily):
    """The generator; see :class:`partly.models.generators.Generator` for its attributes.

    ``w`` has a row for the input, one for each layer, and one for the layer that makes the picture.

    Layers compute more than the picture: a margin at each side, so that no border is seen. The feature
    pyramid has the maps without it: their middle of ``rate`` by ``rate`` pixels, the picture's frame.
    """

    kind, name = KIND, "StyleGAN3"

    def __init__(self, shape: StyleGAN3Shape) -> None:
        super().__init__(shape)
        self.z_dim, self.w_dim = shape.z_dim, shape.w_dim
        self.n_layers = shape.n_convolutions + 1
        self.image_size_px = shape.image_size_px
        self.levels = tuple(
            Level(f"{rate}px-{i}", rate, n_channels)
            for i, (rate, n_channels) in enumerate(zip(shape.rates[:-1], shape.channels[:-1], strict=True))
        )
        self.mapping = MappingNetwork(shape)
        self.input = FourierInput(shape)
        self.layers = nn.ModuleList(
            AliasFreeLayer(shape.w_dim, shape.layer(i), shape.clamp) for i in range(shape.n_convolutions)
        )
        self.output_scale = shape.output_scale
        self.register_buffer("w_mean", torch.zeros(shape.w_dim))
        self.with_class_means()

    def synthesise(self, w: Tensor, *, features_px: int | None = None, images: bool = True) -> Synthesis:
        """Pictures and features of ``w [b, l, v]``; see the protocol.

        Raises:
            BadOption: ``w`` has another shape, or no level is as small as ``features_px``.
        """
        self.check_latents(w)
        wanted_px = self.largest_level_px(features_px)
        x, maps = self.input(w[:, 0]), []
        for i, level in enumerate(self.levels):
            if level.size_px > wanted_px and not images:
                break
            x = self.layers[i](x, w[:, i + 1])
            if level.size_px <= wanted_px:
                maps.append(framed(x, level.size_px))
        rgb = self.layers[-1](x, w[:, -1]) * self.output_scale if images else None
        return Synthesis(rgb, FeaturePyramid(tuple(maps)))


def framed(maps: Tensor, size_px: int) -> Tensor:
    """The middle ``[b, c, size_px, size_px]`` of maps with a margin, which is what the picture shows."""
    margin_px = (maps.shape[-1] - size_px) // 2
    return maps[:, :, margin_px : margin_px + size_px, margin_px : margin_px + size_px]


def load_stylegan3(folder: Path) -> StyleGAN3:
    """Read a model folder.

    Raises:
        BadModelFile: it is damaged, or of another kind.
    """
    return read_family(folder, StyleGAN3, StyleGAN3Shape)
