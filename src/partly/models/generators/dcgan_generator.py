"""DCGAN's generator: transposed convolutions and batch norm (Radford, Metz and Chintala, ICLR 2016)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from partly.models.feature_pyramid import FeaturePyramid, Level
from partly.models.generators.generator_base import UnmappedFamily
from partly.models.generators.generator_protocol import Synthesis
from partly.models.model_families import check_size, read_family

KIND = "generator/dcgan"
_FIRST_PX = 4
_SIZES = (16, 128)


@dataclass(frozen=True)
class DCGANShape:
    """Constructor arguments.

    Attributes:
        image_size_px: side of the pictures, a power of two from 16 to 128.
        z_dim: length of ``z``.
        last_channels: channels before the picture; each size below it has twice as many.
        classes: names of the classes, if it learns any, or of the values of its code.
        n_continuous_codes: numbers behind ``z`` that are told by the pictures (InfoGAN).
    """

    image_size_px: int = 64
    z_dim: int = 100
    last_channels: int = 64
    classes: tuple[str, ...] = ()
    n_continuous_codes: int = 0

    def __post_init__(self) -> None:
        check_size(self.image_size_px, *_SIZES)

    @property
    def channels(self) -> dict[int, int]:
        """Channels at 4 px, 8 px and so on up to half of the picture's size."""
        sizes_px = [1 << i for i in range(2, self.image_size_px.bit_length() - 1)]
        return {size_px: self.last_channels * sizes_px[-1] // size_px for size_px in sizes_px}


class DCGAN(UnmappedFamily):
    """The generator; see :class:`partly.models.generators.Generator` for its attributes."""

    kind, name = KIND, "DCGAN"

    def __init__(self, shape: DCGANShape) -> None:
        super().__init__(shape)
        channels = list(shape.channels.values())
        self.levels = tuple(Level(f"{size_px}px", size_px, n) for size_px, n in shape.channels.items())
        widths = zip([self.w_dim, *channels], channels, strict=False)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                # From one pixel to 4 x 4, then twice as large each time.
                nn.ConvTranspose2d(n_in, n_out, 4, *((1, 0) if i == 0 else (2, 1)), bias=False),
                nn.BatchNorm2d(n_out),
                nn.ReLU(),
            )
            for i, (n_in, n_out) in enumerate(widths)
        )
        self.to_rgb = nn.ConvTranspose2d(channels[-1], 3, 4, 2, 1)
        self.apply(first_weights)

    def synthesise(self, w: Tensor, *, features_px: int | None = None, images: bool = True) -> Synthesis:
        """Pictures and features of ``w [b, 1, v]``; see the protocol.

        Raises:
            BadOption: ``w`` has another shape, or no level is as small as ``features_px``.
        """
        self.check_latents(w)
        wanted_px = self.largest_level_px(features_px)
        x, maps = w[:, 0, :, None, None], []
        for level, block in zip(self.levels, self.blocks, strict=True):
            if level.size_px > wanted_px and not images:
                break
            x = block(x)
            if level.size_px <= wanted_px:
                maps.append(x)
        return Synthesis(self.to_rgb(x).tanh() if images else None, FeaturePyramid(tuple(maps)))


def first_weights(module: nn.Module) -> None:
    """Weights from a normal distribution of deviation 0.02 (the paper's section 4), norms around 1."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)


def load_dcgan(folder: Path) -> DCGAN:
    """Read a model folder.

    Raises:
        BadModelFile: it is damaged, or of another kind.
    """
    return read_family(folder, DCGAN, DCGANShape)
