"""A light discriminator that also learns to describe photos, after FastGAN (Liu et al., ICLR 2021)."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partly.losses import Judgement, OfDiscriminator, Round, Terms
from partly.models.discriminators.discriminator_conditions import (
    ConditionWay,
    beside,
    judged,
    n_planes,
    n_told,
)
from partly.models.discriminators.discriminator_layers import MinibatchDeviation, check_images
from partly.models.generators.doubling import DoublingConv
from partly.models.generators.light_generator import LightShape, gated

_SLOPE = 0.2
# Keeps the variance of the sum of two unrelated maps.
_GAIN = 0.5**0.5
_LAST_PX = 8
_FINER_PX = 16
_MOST_DECODED_PX = 128
_DECODER_BASE, _LEAST_DECODER_CHANNELS = 512, 8


def _convolution(n_in: int, n_out: int, kernel_px: int, stride: int) -> nn.Sequential:
    """Convolution and leaky ReLU."""
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, kernel_px, stride, (kernel_px - 1) // 2), nn.LeakyReLU(_SLOPE, inplace=True)
    )


def _keep_signals(module: nn.Module) -> None:
    """First weights by which signals do not fade on their way (He et al., ICCV 2015)."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, a=_SLOPE)


class DownBlock(nn.Module):
    """Halves the size: the sum of two convolutions and of a short way round them, which averages areas."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.main = nn.Sequential(_convolution(n_in, n_out, 4, 2), _convolution(n_out, n_out, 3, 1))
        self.short = nn.Sequential(nn.AvgPool2d(2), _convolution(n_in, n_out, 1, 1))

    def forward(self, maps: Tensor) -> Tensor:
        """``[b, n_in, h, w]`` to ``[b, n_out, h / 2, w / 2]``."""
        return (self.main(maps) + self.short(maps)) * _GAIN


class _Gate(nn.Module):
    """The gate of the light generator, as a layer."""

    def forward(self, maps: Tensor) -> Tensor:
        """``[b, 2c, h, w]`` to ``[b, c, h, w]``."""
        return gated(maps)


class PictureDecoder(nn.Sequential):
    """Features ``[b, n_in, 8, 8]`` to pictures ``[b, 3, size_px, size_px]`` in [-1, 1]; small on purpose."""

    def __init__(self, n_in: int, size_px: int) -> None:
        layers: list[nn.Module] = []
        side_px = _LAST_PX
        while side_px < size_px:
            side_px *= 2
            n_out = max(_LEAST_DECODER_CHANNELS, _DECODER_BASE // side_px)
            layers += [
                DoublingConv(n_in, 2 * n_out, bias=False),
                nn.BatchNorm2d(2 * n_out),
                _Gate(),
            ]
            n_in = n_out
        super().__init__(*layers, nn.Conv2d(n_in, 3, 3, padding=1), nn.Tanh())


class LightDiscriminator(nn.Module):
    """Pictures to scores; its features must also tell what a photo was (section 3.2 of the paper).

    Where the paper has batch norms, there are none: with them, drawn portraits became all alike after some
    30,000 (docs/lab.md). That pictures differ is told by their deviation instead, as in StyleGAN2.

    Args:
        shape: of the generator that it is trained with; sizes, channels and classes are the same.
        way: how classes or codes count.
    """

    def __init__(self, shape: LightShape, *, way: ConditionWay = "projection") -> None:
        super().__init__()
        self.image_size_px, self.way = shape.image_size_px, way
        self.n_planes = n_planes(shape, way)
        sizes_px = [size_px for size_px in shape.sizes_px[::-1] if _LAST_PX <= size_px < shape.image_size_px]
        channels = [shape.n_channels(size_px) for size_px in sizes_px]
        # From half of the picture's size on, where most of the cost is saved.
        self.first = nn.Sequential(
            nn.Conv2d(3 + self.n_planes, channels[0], 4, 2, 1), nn.LeakyReLU(_SLOPE, inplace=True)
        )
        blocks = [DownBlock(n_in, n_out) for n_in, n_out in pairwise(channels)]
        self.blocks, self.last_block = nn.Sequential(*blocks[:-1]), blocks[-1]
        # Scores of places, each of which sees about the whole picture; their mean is the picture's.
        self.score = nn.Sequential(
            MinibatchDeviation(),
            _convolution(channels[-1] + 1, channels[-1], 1, 1),
            nn.Conv2d(channels[-1], 1, 4),
        )
        n = n_told(shape, way)
        self.by_class = nn.Conv2d(channels[-1], n, 4, bias=way != "projection") if n else None
        self.apply(_keep_signals)
        self.decoded_px = min(shape.image_size_px // 2, _MOST_DECODED_PX)
        self.decode_whole = PictureDecoder(channels[-1], self.decoded_px)
        self.decode_quarter = PictureDecoder(channels[-2], self.decoded_px)

    @property
    def stages(self) -> tuple[nn.Module, ...]:
        """From the picture inwards, what may be frozen: the first layer, and the blocks that halve."""
        return (self.first, *self.blocks, self.last_block)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        """Images ``[b, 3, s, s]`` in [-1, 1], of classes ``condition [b, c]``, to scores, features and heads.

        Raises:
            BadOption: images of another size, or conditions of another shape.
        """
        _, last = self._features(images, condition)
        maps = self.score[:-1](last)
        told = None if self.by_class is None else self.by_class(last).mean(dim=(2, 3))
        return judged(self.way, self.score[-1](maps).mean(dim=(1, 2, 3)), told, condition, (maps,))

    def reconstruct(
        self, images: Tensor, random: torch.Generator, condition: Tensor | None = None
    ) -> tuple[tuple[Tensor, Tensor], ...]:
        """What the features tell of the images, beside what they should tell.

        The whole images are told from the features at 8 px; one quarter of them, the same of all, in more
        detail from that quarter of the features at 16 px.

        Args:
            images: ``[b, 3, s, s]`` in [-1, 1].
            random: draws which quarter.
            condition: classes of the images, ``[b, c]``, where they are told beside colours.

        Returns:
            Pairs of pictures, made and wanted: of the whole, of the quarter; all ``[b, 3, d, d]``.

        Raises:
            BadOption: images of another size, or conditions of another shape.
        """
        finer, last = self._features(images, condition)
        row, column = torch.randint(2, (2,), generator=random).tolist()
        whole = self.decode_whole(last), self._decoded_size(images)
        quarter = (
            self.decode_quarter(_quarter(finer, row, column)),
            self._decoded_size(_quarter(images, row, column)),
        )
        return whole, quarter

    def _features(self, images: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor]:
        """Features at 16 and at 8 px."""
        check_images(images, self.image_size_px)
        finer = self.blocks(self.first(beside(images, condition, self.n_planes)))
        return finer, self.last_block(finer)

    def _decoded_size(self, images: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(images, self.decoded_px)


@dataclass(frozen=True)
class SelfSupervision(OfDiscriminator):
    """Penalises features from which a small decoder cannot make the photo again (section 3.2 of the paper).

    A discriminator that must describe the whole photo cannot look at a few telltale details alone. The paper
    compares by a network trained on other photos; this, in want of one, by the mean absolute difference. What
    is described is the photo itself, also where the scores are those of a changed one.

    It is an :class:`partly.losses.Objective` of the discriminator alone.

    Attributes:
        discriminator: the one that is trained.
        weight: its weight.
    """

    discriminator: LightDiscriminator = field(repr=False)
    weight: float = 1.0

    def discriminator_terms(self, seen: Round) -> Terms:
        """``weight`` times the mean absolute difference of photos and what their features tell."""
        pairs = self.discriminator.reconstruct(seen.photos, seen.ask.random("penalty"), seen.condition)
        differences = [(made - wanted).abs().mean() for made, wanted in pairs]
        return {"self-supervision": self.weight * torch.stack(differences).mean()}


def _quarter(maps: Tensor, row: int, column: int) -> Tensor:
    """A quarter of ``[b, c, h, w]``: upper or lower, left or right."""
    height, width = maps.shape[2] // 2, maps.shape[3] // 2
    return maps[:, :, row * height : (row + 1) * height, column * width : (column + 1) * width]
