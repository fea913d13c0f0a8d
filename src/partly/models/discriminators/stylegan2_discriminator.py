"""The residual discriminator of StyleGAN2 (Karras et al., CVPR 2020, section 4.1 and figure 7)."""

from __future__ import annotations

import math
from itertools import pairwise

from torch import Tensor, nn

from partly.losses import Judgement
from partly.models.discriminators.discriminator_conditions import (
    ConditionWay,
    beside,
    judged,
    n_planes,
    n_told,
)
from partly.models.discriminators.discriminator_layers import (
    MinibatchDeviation,
    check_condition,
    check_images,
)
from partly.models.generators.stylegan2.modulated_layers import (
    GAIN,
    EqualisedConv,
    EqualisedLinear,
    leaky,
    leaky_gained,
    normed,
)
from partly.models.generators.stylegan2.stylegan2_shape import StyleGAN2Shape

_LAST_PX = 4
_HALF = 0.5**0.5


class ResidualBlock(nn.Module):
    """Two convolutions that halve the size, and a short way round them; their sum keeps its variance."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.conv1 = EqualisedConv(n_in, n_in, gain=GAIN)
        self.conv2 = EqualisedConv(n_in, n_out, down=True, gain=GAIN * _HALF)
        self.skip = EqualisedConv(n_in, n_out, 1, down=True, bias=False, gain=_HALF)

    def forward(self, maps: Tensor) -> Tensor:
        """``[b, n_in, h, w]`` to ``[b, n_out, h / 2, w / 2]``."""
        convolved = leaky_gained(self.conv2(leaky_gained(self.conv1(maps))))
        skipped: Tensor = self.skip(maps)
        return skipped.add_(convolved)


class ClassMapping(nn.Module):
    """Classes ``[b, c]`` to ``[b, n_out]``, by as many layers as the generator maps its latents with.

    Args:
        shape: says how many layers, and which classes.
        n_out: values for each class.
    """

    def __init__(self, shape: StyleGAN2Shape, n_out: int) -> None:
        super().__init__()
        self.n_classes = len(shape.classes)
        self.embed = EqualisedLinear(self.n_classes, n_out)
        self.layers = nn.ModuleList(
            EqualisedLinear(*widths, rate=shape.mapping_rate)
            for widths in pairwise([n_out] * (shape.n_mapping_layers + 1))
        )

    def forward(self, condition: Tensor) -> Tensor:
        """What is looked for in pictures of these classes."""
        x = normed(self.embed(condition))
        for layer in self.layers:
            x = leaky(layer(x))
        return x


class StyleGAN2Discriminator(nn.Module):
    """Pictures to scores.

    Of classes by projection, a mapped class is projected on (Miyato and Koyama, ICLR 2018, equation 3,
    without its second term; released code of Karras et al., NeurIPS 2020).

    Args:
        shape: of the generator that it is trained with; sizes, channels and classes are the same.
        way: how classes count.
    """

    def __init__(self, shape: StyleGAN2Shape, *, way: ConditionWay = "projection") -> None:
        super().__init__()
        self.image_size_px, self.way = shape.image_size_px, way
        self.n_planes = n_planes(shape, way)
        sizes_px = shape.sizes_px[::-1]
        self.from_rgb = EqualisedConv(3 + self.n_planes, shape.n_channels(sizes_px[0]), 1, gain=GAIN)
        self.blocks = nn.Sequential(
            *(
                ResidualBlock(shape.n_channels(size_px), shape.n_channels(size_px // 2))
                for size_px in sizes_px[:-1]
            )
        )
        n_last = shape.n_channels(_LAST_PX)
        self.deviation = MinibatchDeviation()
        self.conv = EqualisedConv(n_last + 1, n_last, gain=GAIN)
        self.hidden = EqualisedLinear(n_last * _LAST_PX**2, n_last)
        projects = way == "projection" and bool(shape.classes)
        self.score = EqualisedLinear(n_last, n_last if projects else 1)
        self.mapping = ClassMapping(shape, n_last) if projects else None
        n = 0 if projects else n_told(shape, way)
        self.by_class = EqualisedLinear(n_last, n) if n else None

    @property
    def stages(self) -> tuple[nn.Module, ...]:
        """From the picture inwards, what may be frozen: the first layer, and the residual blocks."""
        return (self.from_rgb, *self.blocks)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        """Images ``[b, 3, s, s]`` in [-1, 1], of classes ``condition [b, c]``, to scores, features and heads.

        Raises:
            BadOption: images of another size, or conditions of another shape.
        """
        check_images(images, self.image_size_px)
        maps = self.blocks(leaky_gained(self.from_rgb(beside(images, condition, self.n_planes))))
        maps = leaky_gained(self.conv(self.deviation(maps)))
        hidden = leaky(self.hidden(maps.flatten(1)))
        values: Tensor = self.score(hidden)
        if self.mapping is None:
            told = None if self.by_class is None else self.by_class(hidden)
            return judged(self.way, values[:, 0], told, condition, (hidden,))
        known = check_condition(condition, (len(images), self.mapping.n_classes))
        scores = (values * self.mapping(known)).sum(dim=1) / math.sqrt(values.shape[1])
        return Judgement(scores, (hidden,))
