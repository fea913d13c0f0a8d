"""Two generators as one: a small one, which stays as it is, and a second stage that refines its pictures.

After "StackGAN" (Zhang et al., ICCV 2017), whose second stage it has, and "Stacked Generative Adversarial
Networks" (Huang et al., CVPR 2017), after which each stage has a latent of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from partly.errors import BadOption, listed
from partly.models.feature_pyramid import FeaturePyramid, Level
from partly.models.frozen_network import frozen
from partly.models.generators.generator_base import GeneratorFamily
from partly.models.generators.generator_protocol import Synthesis
from partly.models.generators.light_generator import KIND as LIGHT
from partly.models.generators.picture_pixels import images_of
from partly.models.generators.second_stage import Conditioning, SecondStage, StageSizes
from partly.models.generators.stackable_families import unfilled_generator
from partly.models.model_families import DoublingSizes, constructor_arguments, read_family

KIND = "generator/stacked"


@dataclass(frozen=True)
class StackedShape(DoublingSizes):
    """Constructor arguments.

    Attributes:
        image_size_px: side of the pictures, a power of two from 8 to 512.
        small_kind: kind of the small generator.
        small_arguments: its constructor arguments, as its ``model.json`` has them.
        z_dim: length of the second stage's latent.
        channel_base: channels of the second stage at 4 px and above are ``channel_base / size``, ...
        most_channels: ... and never more than this.
        n_blocks: residual blocks.
    """

    sizes = (8, 512)
    image_size_px: int = 64
    small_kind: str = LIGHT
    small_arguments: Mapping[str, Any] = field(default_factory=dict)
    z_dim: int = 16
    channel_base: int = 768
    most_channels: int = 256
    n_blocks: int = 2

    @classmethod
    def on(cls, small: GeneratorFamily, image_size_px: int) -> Self:
        """The usual second stage on a small generator."""
        return cls(image_size_px, small.kind, asdict(small.shape))


class StackedGenerator(GeneratorFamily):
    """The generator; see :class:`partly.models.generators.Generator` for its attributes.

    Each row of ``w`` is one of the small generator's, with the second stage's latent behind it. The second
    stage reads the last row. The feature pyramid has the levels of both stages, those of the second from the
    small picture's size on.

    Args:
        shape: the constructor arguments.

    Attributes:
        small: the small generator, in eval mode always; its weights are buffers.

    Raises:
        BadOption: the small generator is of an unknown kind, has classes, or its size is not a half, a
            quarter and so on.
        TypeError, ValueError: its arguments build none.
    """

    kind, name = KIND, "stacked generator"

    def __init__(self, shape: StackedShape) -> None:
        super().__init__(shape)
        self.small = frozen(_unfilled(shape.small_kind, shape.small_arguments))
        self.image_size_px = shape.image_size_px
        check_stackable(self.small, shape.image_size_px)
        self.z_dim, self.w_dim = self.small.z_dim + shape.z_dim, self.small.w_dim + shape.z_dim
        self.n_layers = self.small.n_layers
        sizes = StageSizes(self.small.image_size_px, shape.image_size_px)
        self.own_px = tuple(size_px for size_px in sizes.up_px if size_px >= sizes.small_px)
        self.levels = (
            *(Level(f"small {one.name}", one.size_px, one.n_channels) for one in self.small.levels),
            *(Level(f"{size_px}px", size_px, shape.n_channels(size_px)) for size_px in self.own_px),
        )
        channels = {size_px: shape.n_channels(size_px) for size_px in (*sizes.down_px, *sizes.up_px)}
        self.conditioning = Conditioning(self.small.w_dim, shape.z_dim)
        self.stage = SecondStage(sizes, shape.z_dim, channels, shape.n_blocks)
        self.register_buffer("w_mean", torch.zeros(self.w_dim))
        self.with_class_means()

    @property
    def mapping(self) -> nn.Module | None:
        """The small generator's mapping network, where it has one."""
        return getattr(self.small, "mapping", None)

    def train(self, mode: bool = True) -> Self:
        """As for every module; but norms of the small generator stay as they are."""
        super().train(mode)
        self.small.eval()
        return self

    def map(self, z: Tensor, condition: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """``[b, l, v]`` of ``z [b, z]``: what the small generator makes of its part, beside the rest."""
        of_small, own = z.split([self.small.z_dim, self.shape.z_dim], dim=1)
        w = self.small.map(of_small)
        return torch.cat([w, own[:, None].expand(-1, self.n_layers, -1)], dim=2)

    def synthesise(self, w: Tensor, *, features_px: int | None = None, images: bool = True) -> Synthesis:
        """Pictures and features of ``w [b, l, v]``; see the protocol.

        Raises:
            BadOption: ``w`` has another shape, or no level is as small as ``features_px``.
        """
        self.check_latents(w)
        wanted_px = self.largest_level_px(features_px)
        of_small, own = self._latents(w)
        if not images and wanted_px < self.own_px[0]:
            return self.small.synthesise(of_small, features_px=wanted_px, images=False)
        first = self.small.synthesise(of_small, features_px=wanted_px)
        small, condition = images_of(first), self.conditioning(of_small[:, -1], own)
        made = self.stage.maps(small, condition, self.image_size_px if images else wanted_px, None)
        kept = [maps for maps in made if self.own_px[0] <= maps.shape[-1] <= wanted_px]
        pictures = self.stage.picture(small, made[-1]) if images else None
        return Synthesis(pictures, FeaturePyramid((*first.pyramid.maps, *kept)))

    def forward(self, w: Tensor, random: torch.Generator | None = None) -> Tensor:
        """Pictures ``[b, 3, s, s]`` of ``w [b, l, v]`` for training, with fresh noise in the second stage."""
        of_small, own = self._latents(w)
        small = self.small_pictures(w)
        condition = self.conditioning(of_small[:, -1], own)
        finest = self.stage.maps(small, condition, self.image_size_px, random)[-1]
        return self.stage.picture(small, finest)

    def small_pictures(self, w: Tensor) -> Tensor:
        """What the small generator makes of ``w [b, l, v]``: pictures ``[b, 3, s, s]`` in [-1, 1]."""
        least_px = self.small.levels[0].size_px
        return images_of(self.small.synthesise(self._latents(w)[0], features_px=least_px))

    def condition_of(self, w: Tensor) -> tuple[Tensor, Tensor]:
        """Means and logarithms of variances ``[b, z]`` of the condition that ``w [b, l, v]`` tells."""
        return self.conditioning.distribution(self._latents(w)[0][:, -1])

    def own_latents(self, w: Tensor) -> Tensor:
        """The second stage's latents ``[b, z]`` in ``w [b, l, v]``."""
        return self._latents(w)[1]

    def noise_inputs(self) -> dict[str, Tensor]:
        """Those of the small generator."""
        return {f"small.{name}": maps for name, maps in self.small.noise_inputs().items()}

    def _latents(self, w: Tensor) -> tuple[Tensor, Tensor]:
        """The small generator's ``[b, l, v]``, and the second stage's ``[b, z]``, which the last row has."""
        of_small, own = w.split([self.small.w_dim, self.shape.z_dim], dim=2)
        return of_small, own[:, -1]


def check_stackable(small: GeneratorFamily, image_size_px: int, path: Path | None = None) -> None:
    """Refuse a generator that no second stage can be stacked on.

    Args:
        small: the generator.
        image_size_px: side of the larger pictures.
        path: of its model folder, for errors.

    Raises:
        BadOption: it has classes, or its pictures are not smaller by a half, a quarter and so on.
    """
    side_px = small.image_size_px
    if side_px >= image_size_px:
        raise BadOption(
            f"makes pictures of {side_px} px, and larger ones of {image_size_px} px are to be made of them",
            expected=f"a generator of less than {image_size_px} px",
            remedy="Choose a larger --size, or a smaller generator",
            path=path,
        )
    if image_size_px % side_px or (image_size_px // side_px) & (image_size_px // side_px - 1):
        raise BadOption(
            f"makes pictures of {side_px} px, which no doubling makes {image_size_px} px",
            expected=f"a generator of {image_size_px // 2} px, {image_size_px // 4} px or so on",
            path=path,
        )
    if small.classes:
        raise BadOption(
            f"knows the classes {listed(small.classes)}",
            expected="a generator without classes and codes, since a second stage knows of none",
            remedy="Train a small generator without --classes and --codes",
            path=path,
        )


def load_stacked(folder: Path) -> StackedGenerator:
    """Read a model folder.

    Raises:
        BadModelFile: it is damaged, or of another kind.
    """
    return read_family(folder, StackedGenerator, StackedShape)


def _unfilled(kind: str, arguments: Mapping[str, Any]) -> GeneratorFamily:
    if kind == KIND:
        return StackedGenerator(StackedShape(**constructor_arguments(arguments)))
    return unfilled_generator(kind, arguments)
