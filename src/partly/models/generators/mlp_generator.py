"""Fully connected networks (Goodfellow et al., NIPS 2014): the smallest family, for digits and lessons."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from torch import Tensor, nn

from partly.errors import BadOption
from partly.models.feature_pyramid import FeaturePyramid, Level
from partly.models.generators.generator_base import UnmappedFamily
from partly.models.generators.generator_protocol import Synthesis
from partly.models.model_families import read_family

KIND = "generator/mlp"


@dataclass(frozen=True)
class MLPShape:
    """Constructor arguments.

    Attributes:
        image_size_px: side of the pictures.
        z_dim: length of ``z``.
        hidden: widths of the hidden layers; none leads straight to the pixels.
        is_grey: pictures without colours.
        classes: names of the classes, if it learns any, or of the values of its code.
        n_continuous_codes: numbers behind ``z`` that are told by the pictures (InfoGAN).
    """

    image_size_px: int = 28
    z_dim: int = 100
    hidden: tuple[int, ...] = ()
    is_grey: bool = True
    classes: tuple[str, ...] = ()
    n_continuous_codes: int = 0

    def __post_init__(self) -> None:
        if self.image_size_px < 2:
            raise BadOption(f"pictures of {self.image_size_px} px", expected="2 or more")

    @property
    def n_colours(self) -> int:
        """Channels of the pictures before grey is repeated."""
        return 1 if self.is_grey else 3

    @property
    def n_values(self) -> int:
        """Values of one picture."""
        return self.n_colours * self.image_size_px**2


class MLPGenerator(UnmappedFamily):
    """The generator; see :class:`partly.models.generators.Generator` for its attributes.

    Hidden layers are levels of one pixel, since they belong to no place of the picture; the last level is the
    picture before its sigmoid.
    """

    kind, name = KIND, "MLP generator"

    def __init__(self, shape: MLPShape) -> None:
        super().__init__(shape)
        self.hidden = nn.ModuleList(nn.Linear(*widths) for widths in pairwise([self.w_dim, *shape.hidden]))
        self.pixels = nn.Linear([self.w_dim, *shape.hidden][-1], shape.n_values)
        self.levels = (
            *(Level(f"hidden {i}", 1, n) for i, n in enumerate(shape.hidden, start=1)),
            Level("pixels", shape.image_size_px, shape.n_colours),
        )

    def synthesise(self, w: Tensor, *, features_px: int | None = None, images: bool = True) -> Synthesis:
        """Pictures and features of ``w [b, 1, v]``; see the protocol.

        Raises:
            BadOption: ``w`` has another shape, or no level is as small as ``features_px``.
        """
        self.check_latents(w)
        wanted_px = self.largest_level_px(features_px)
        x, maps = w[:, 0], []
        for layer in self.hidden:
            x = layer(x).relu()
            maps.append(x[:, :, None, None])
        if not images and wanted_px < self.image_size_px:
            return Synthesis(None, FeaturePyramid(tuple(maps)))
        side_px = self.image_size_px
        pixels = self.pixels(x).view(len(w), self.shape.n_colours, side_px, side_px)
        if wanted_px >= side_px:
            maps.append(pixels)
        made = (2 * pixels.sigmoid() - 1).expand(-1, 3, -1, -1) if images else None
        return Synthesis(made, FeaturePyramid(tuple(maps)))


def load_mlp(folder: Path) -> MLPGenerator:
    """Read a model folder.

    Raises:
        BadModelFile: it is damaged, or of another kind.
    """
    return read_family(folder, MLPGenerator, MLPShape)
