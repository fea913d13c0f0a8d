"""The object finder: a photo to the frames of the objects in it, of any place, size, angle and number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from partly.models.model_families import ModelFamily, read_family
from partly.models.networks.conv_layers import (
    ConvNorm,
    channels_last,
    fused_copy,
    pad_to_multiple,
    upsample_like,
)
from partly.models.networks.efficientnet_encoder import EfficientNetLite0, load_encoder_weights
from partly.models.networks.object_check import ObjectCheck

STRIDE_PX = 8
"""Pixels of the photo from one place of the maps to the next."""
USUAL_SIDE_PX = 64
"""The side that the map of sides counts from: its values are logarithms to the base 2 of multiples."""
_FIRST_PROBABILITY = -4.6  # a logit: of a hundred places, one


@dataclass(frozen=True)
class FinderShape:
    """How a finder is built, and for what.

    Attributes:
        size_px: longer side of the photos that it learned from.
        smallest: side of the smallest objects that it learned to find, as a share of that.
        widths: channels of the decoder at 1/8 and 1/16 of the size.
    """

    size_px: int = 192
    smallest: float = 0.12
    widths: tuple[int, ...] = (64, 96)


class ObjectFinder(ModelFamily):
    """EfficientNet-lite0, and maps at an eighth of the photo's size that say where centres of objects are.

    One map is high at the centres of objects, as in Zhou et al., "Objects as Points" (2019); five others say
    how an object whose centre is near stands there.

    Args:
        shape: how it is built.

    Attributes:
        check: says whether what the auto-shot network makes of an object is as usual.
    """

    kind = "finder/points"
    name = "object finder"
    shape: FinderShape

    def __init__(self, shape: FinderShape) -> None:
        super().__init__(shape)
        self.encoder = EfficientNetLite0()
        _, _, fine, middle, coarse = self.encoder.widths
        narrow, wide = shape.widths
        self.middle = _two_convolutions(coarse + middle, wide)
        self.fine = _two_convolutions(wide + fine, narrow)
        self.head = nn.Conv2d(narrow, 6, 1)
        self.check = ObjectCheck()
        with torch.no_grad():
            assert self.head.bias is not None
            self.head.bias[0] = _FIRST_PROBABILITY

    @property
    def size_px(self) -> int:
        """Longer side of the photos that it learned from."""
        return self.shape.size_px

    def forward(self, images: Tensor) -> Tensor:
        """Images ``[b, 3, h, w]`` in [-1, 1], of any size, to maps ``[b, 6, ceil(h / 8), ceil(w / 8)]``.

        The maps: logit that a centre is there; how far it is to the right and down, in places; logarithm of
        the side; cosine and sine of the angle, of any length.
        """
        height, width = (-(-side // STRIDE_PX) for side in images.shape[-2:])
        _, _, fine, middle, coarse = self.encoder(pad_to_multiple(images, self.encoder.multiple_px))
        maps = self.middle(torch.cat([upsample_like(coarse, middle), middle], dim=1))
        maps = self.fine(torch.cat([upsample_like(maps, fine), fine], dim=1))
        says: Tensor = self.head(maps)
        return says[..., :height, :width]

    def hold_first_layers(self) -> None:
        """Hold the encoder's layers at half and quarter size as they are: half of what a step costs."""
        first = sorted(self.encoder.last_of_size)[1] + 1
        held = nn.ModuleList([self.encoder.stem, *self.encoder.blocks[:first]])
        held.eval().requires_grad_(False)

    def load_pretrained_encoder(self, path: Path) -> None:
        """Start the encoder from a safetensors file of converted ImageNet weights.

        Raises:
            BadModelFile: the file is missing or damaged, or its weights do not fit.
        """
        load_encoder_weights(self.encoder, path)

    def for_inference(self) -> ObjectFinder:
        """A faster copy for use: eval mode, norms folded into convolutions, channels last. Not for saving."""
        return channels_last(fused_copy(self))


def load_finder(folder: Path) -> ObjectFinder:
    """Read an object finder, in eval mode.

    Raises:
        BadModelFile: files are missing or damaged, or it is another kind of model.
    """
    return read_family(folder, ObjectFinder, _shape).eval()


def _shape(size_px: int, smallest: float, widths: Sequence[int]) -> FinderShape:
    return FinderShape(size_px, smallest, tuple(widths))


def _two_convolutions(n_in: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(
        ConvNorm(n_in, n_out, activation=nn.ReLU(inplace=True)),
        ConvNorm(n_out, n_out, activation=nn.ReLU(inplace=True)),
    )
