"""DCGAN's discriminator: strided convolutions and leaky ReLU (Radford, Metz and Chintala, ICLR 2016)."""

from __future__ import annotations

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
from partly.models.discriminators.discriminator_layers import check_images
from partly.models.generators.dcgan_generator import DCGANShape, first_weights

_SLOPE = 0.2
_N_HIDDEN = 128


class DCGANDiscriminator(nn.Module):
    """Pictures to scores, and what is told of their classes or codes.

    Args:
        shape: of the generator that it is trained with; sizes, channels and classes are the same.
        norm: batch norm in all but the first layer; leave it out where a penalty needs the slope of each
            picture by itself (Gulrajani et al., NIPS 2017, section 4).
        way: how classes or codes count.
    """

    def __init__(self, shape: DCGANShape, *, norm: bool = True, way: ConditionWay = "projection") -> None:
        super().__init__()
        self.image_size_px, self.way = shape.image_size_px, way
        self.n_planes = n_planes(shape, way)
        channels = list(shape.channels.values())[::-1]
        layers: list[nn.Module] = []
        for i, (n_in, n_out) in enumerate(zip([3 + self.n_planes, *channels], channels, strict=False)):
            has_norm = norm and i > 0
            layers.append(nn.Conv2d(n_in, n_out, 4, 2, 1, bias=not has_norm))
            layers += [nn.BatchNorm2d(n_out)] if has_norm else []
            layers.append(nn.LeakyReLU(_SLOPE))
        self.layers = nn.Sequential(*layers, nn.Conv2d(channels[-1], 1, 4))
        self.by_class = _head(channels[-1], n_told(shape, way), way, norm=norm)
        self.apply(first_weights)

    @property
    def stages(self) -> tuple[nn.Module, ...]:
        """From the picture inwards, what may be frozen: each convolution with its norm, but for the score's.

        A norm that is frozen keeps its weights, and goes on to norm each batch by itself.
        """
        starts = [i for i, layer in enumerate(self.layers) if isinstance(layer, nn.Conv2d)]
        return tuple(self.layers[start:stop] for start, stop in pairwise(starts))

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        """Images ``[b, 3, s, s]`` in [-1, 1], of classes ``condition [b, c]``, to scores, features and heads.

        Raises:
            BadOption: images of another size, or conditions of another shape.
        """
        check_images(images, self.image_size_px)
        maps = self.layers[:-1](beside(images, condition, self.n_planes))
        scores: Tensor = self.layers[-1](maps)[:, 0, 0, 0]
        # Of the projection, phi is all of the last maps.
        told = None if self.by_class is None else self.by_class(maps)[:, :, 0, 0]
        return judged(self.way, scores, told, condition, (maps,))


def _head(n_in: int, n_out: int, way: ConditionWay, *, norm: bool) -> nn.Module | None:
    """Last maps ``[b, n_in, 4, 4]`` to ``[b, n_out, 1, 1]``; of codes, with a hidden layer as in InfoGAN."""
    if not n_out:
        return None
    if way != "codes":
        return nn.Conv2d(n_in, n_out, 4, bias=way == "auxiliary")
    between = [nn.BatchNorm2d(_N_HIDDEN)] if norm else []
    return nn.Sequential(
        nn.Conv2d(n_in, _N_HIDDEN, 4, bias=not norm),
        *between,
        nn.LeakyReLU(_SLOPE),
        nn.Conv2d(_N_HIDDEN, n_out, 1),
    )
