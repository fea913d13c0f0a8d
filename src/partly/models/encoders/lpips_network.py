"""LPIPS (Zhang et al., CVPR 2018): VGG16 with heads that learned how unlike people find two pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from partly.losses import unit_normalised
from partly.models.encoders.vgg16_encoder import MULTIPLE_PX, VGG16, VGG16Shape
from partly.models.model_families import ModelFamily, read_family

KIND = "distance/lpips"


@dataclass(frozen=True)
class LPIPSShape:
    """Constructor arguments; the defaults are those of the paper.

    Attributes:
        widths: channels of each of the five groups of convolutions.
    """

    widths: tuple[int, ...] = VGG16Shape.widths


class LPIPS(ModelFamily):
    """The network, and a head for each of its levels.

    Attributes:
        multiple_px: heights and widths of what it reads are multiples of it.
    """

    kind, name = KIND, "LPIPS"
    multiple_px = MULTIPLE_PX

    def __init__(self, shape: LPIPSShape) -> None:
        super().__init__(shape)
        self.vgg = VGG16(VGG16Shape(shape.widths))
        self.heads = nn.ParameterList(nn.Parameter(torch.ones(n)) for n in shape.widths)

    def read(self, images: Tensor) -> tuple[Tensor, ...]:
        """Maps of unit length, fine to coarse, of pictures ``[b, 3, h, w]`` in [-1, 1].

        Raises:
            BadOption: pictures whose sides are no multiples of 16.
        """
        return tuple(unit_normalised(maps) for maps in self.vgg.read(images).maps[::-1])

    def weights(self) -> tuple[Tensor, ...]:
        """What each channel counts, ``[c]`` of each level, fine to coarse; never below 0, as in the paper."""
        return tuple(head.clamp(min=0) for head in self.heads)


def load_lpips(folder: Path) -> LPIPS:
    """Read a model folder.

    Raises:
        BadModelFile: it is damaged, or of another kind.
    """
    return read_family(folder, LPIPS, LPIPSShape)
