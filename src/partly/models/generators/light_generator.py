"""A light generator for small machines, after FastGAN (Liu et al., ICLR 2021).

The paper is "Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image Synthesis".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from partly.models.feature_pyramid import FeaturePyramid, Level
from partly.models.generators.doubling import DoublingConv
from partly.models.generators.generator_base import UnmappedFamily
from partly.models.generators.generator_protocol import Synthesis
from partly.models.generators.stylegan2.modulated_layers import Noise
from partly.models.model_families import DoublingSizes, read_family

KIND = "generator/light"
_FIRST_PX = 4
# A level is excited by the one of an eighth of its size. The paper's sixteenth would leave nothing to excite
# at the small sizes that this family is for.
_EXCITED_AFTER = 3


@dataclass(frozen=True)
class LightShape(DoublingSizes):
    """Constructor arguments.

    Attributes:
        image_size_px: side of the pictures, a power of two from 32 to 512.
        z_dim: length of ``z``.
        channel_base: channels at 4 px and above are ``channel_base / size``, ...
        most_channels: ... and never more than this.
        classes: names of the classes, if it learns any, or of the values of its code.
        n_continuous_codes: numbers behind ``z`` that are told by the pictures (InfoGAN).
    """

    sizes = (32, 512)
    image_size_px: int = 64
    z_dim: int = 128
    channel_base: int = 768
    most_channels: int = 256
    classes: tuple[str, ...] = ()
    n_continuous_codes: int = 0


def gated(maps: Tensor) -> Tensor:
    """``[b, 2c, h, w]`` to ``[b, c, h, w]``: one half, times the sigmoid of the other.

    As ``F.glu(maps, dim=1)``, whose slopes do not lie as the maps do (channels last), which costs much.
    """
    values, gates = maps.chunk(2, dim=1)
    return values * gates.sigmoid()


class GatedConv(nn.Module):
    """3x3 convolution, noise, batch norm, and a gated linear unit (Dauphin et al., ICML 2017).

    Args:
        n_in: channels in.
        n_out: channels out.
        size_px: side of the result.
        double: double the size first.
    """

    def __init__(self, n_in: int, n_out: int, size_px: int, *, double: bool = False) -> None:
        super().__init__()
        if double:
            self.conv: nn.Module = DoublingConv(n_in, 2 * n_out, bias=False)
        else:
            self.conv = nn.Conv2d(n_in, 2 * n_out, 3, padding=1, bias=False)
        self.noise = Noise(size_px)
        self.norm = nn.BatchNorm2d(2 * n_out)

    def forward(self, maps: Tensor, random: torch.Generator | None) -> Tensor:
        """``[b, n_in, h, w]`` to ``[b, n_out, size_px, size_px]``; ``random`` draws fresh noise."""
        return gated(self.norm(self.noise(self.conv(maps), random)))


class Block(nn.Module):
    """Doubles the size, and convolves once or twice."""

    def __init__(self, n_in: int, n_out: int, size_px: int, *, twice: bool) -> None:
        super().__init__()
        self.first = GatedConv(n_in, n_out, size_px, double=True)
        self.second = GatedConv(n_out, n_out, size_px) if twice else None

    def forward(self, maps: Tensor, random: torch.Generator | None) -> Tensor:
        """``[b, n_in, h, w]`` to ``[b, n_out, 2h, 2w]``."""
        maps = self.first(maps, random)
        return maps if self.second is None else self.second(maps, random)


class Excitation(nn.Module):
    """Skip-layer excitation: a coarse level says how much each channel of a fine one counts (section 3.1)."""

    def __init__(self, n_coarse: int, n_fine: int) -> None:
        super().__init__()
        self.gates = nn.Sequential(
            nn.AdaptiveAvgPool2d(_FIRST_PX),
            nn.Conv2d(n_coarse, n_fine, _FIRST_PX),
            nn.SiLU(),
            nn.Conv2d(n_fine, n_fine, 1),
            nn.Sigmoid(),
        )

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """``fine [b, n_fine, h, w]``, each channel times a gate in [0, 1] that ``coarse`` gives."""
        return fine * self.gates(coarse)


class LightGenerator(UnmappedFamily):
    """The generator; see :class:`partly.models.generators.Generator` for its attributes."""

    kind, name = KIND, "light generator"

    def __init__(self, shape: LightShape) -> None:
        super().__init__(shape)
        sizes_px, n = shape.sizes_px, shape.n_channels
        self.levels = tuple(Level(f"{size_px}px", size_px, n(size_px)) for size_px in sizes_px)
        self.first = nn.Linear(self.w_dim, 2 * n(_FIRST_PX) * _FIRST_PX**2, bias=False)
        self.norm = nn.BatchNorm2d(2 * n(_FIRST_PX))
        # Two convolutions at 8, 32 and 128 px, one at the sizes between, as in the paper's figure 3.
        self.blocks = nn.ModuleList(
            Block(n(size_px // 2), n(size_px), size_px, twice=i % 2 == 0)
            for i, size_px in enumerate(sizes_px[1:])
        )
        self.excitations = nn.ModuleList(
            Excitation(n(size_px >> _EXCITED_AFTER), n(size_px)) for size_px in sizes_px[_EXCITED_AFTER:]
        )
        self.to_rgb = nn.Conv2d(n(sizes_px[-1]), 3, 3, padding=1)

    def synthesise(self, w: Tensor, *, features_px: int | None = None, images: bool = True) -> Synthesis:
        """Pictures and features of ``w [b, 1, v]``; see the protocol.

        Raises:
            BadOption: ``w`` has another shape, or no level is as small as ``features_px``.
        """
        self.check_latents(w)
        wanted_px = self.largest_level_px(features_px)
        maps = self._maps(w, self.image_size_px if images else wanted_px, None)
        pictures = self.to_rgb(maps[-1]).tanh() if images else None
        n_wanted = sum(level.size_px <= wanted_px for level in self.levels)
        return Synthesis(pictures, FeaturePyramid(tuple(maps[:n_wanted])))

    def forward(self, w: Tensor, random: torch.Generator | None = None) -> Tensor:
        """Pictures ``[b, 3, s, s]`` of ``w [b, 1, v]`` for training, with fresh noise from ``random``."""
        images: Tensor = self.to_rgb(self._maps(w, self.image_size_px, random)[-1]).tanh()
        return images

    def _maps(self, w: Tensor, largest_px: int, random: torch.Generator | None) -> list[Tensor]:
        """All levels up to ``largest_px``."""
        first = self.first(w[:, 0]).view(len(w), -1, _FIRST_PX, _FIRST_PX)
        maps = [gated(self.norm(first))]
        for i, block in enumerate(self.blocks, start=1):
            if self.levels[i].size_px > largest_px:
                break
            x = block(maps[-1], random)
            if i >= _EXCITED_AFTER:
                x = self.excitations[i - _EXCITED_AFTER](maps[i - _EXCITED_AFTER], x)
            maps.append(x)
        return maps


def load_light(folder: Path) -> LightGenerator:
    """Read a model folder.

    Raises:
        BadModelFile: it is damaged, or of another kind.
    """
    return read_family(folder, LightGenerator, LightShape)
