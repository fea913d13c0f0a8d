"""VGG16 (Simonyan and Zisserman, ICLR 2015), up to its last convolution.

It learned to name what ImageNet's photos show, and sees edges and textures at every size down to a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch.nn.functional as F
from torch import Tensor, nn

from partly.errors import BadOption
from partly.models.encoders.imagenet_pixels import imagenet_normalised
from partly.models.encoders.photo_encoder import RepresentationFamily, check_multiple
from partly.models.feature_pyramid import FeaturePyramid, Level
from partly.models.model_families import read_family

KIND = "representation/vgg16"
N_LAYERS = (2, 2, 3, 3, 3)
"""Convolutions of each group; configuration D of the paper's table 1."""
MULTIPLE_PX = 2 ** (len(N_LAYERS) - 1)


@dataclass(frozen=True)
class VGG16Shape:
    """Constructor arguments; the defaults are those of the paper.

    Attributes:
        widths: channels of each of the five groups of convolutions.
        image_size_px: side of the photos that :attr:`VGG16.levels` are of, a multiple of 16.
    """

    widths: tuple[int, ...] = (64, 128, 256, 512, 512)
    image_size_px: int = 448

    def __post_init__(self) -> None:
        if len(self.widths) != len(N_LAYERS) or min(self.widths) < 1:
            raise BadOption(
                f"groups of {list(self.widths)} channels", expected=f"{len(N_LAYERS)} positive numbers"
            )
        check_multiple(self.image_size_px, MULTIPLE_PX)


class VGG16(RepresentationFamily):
    """The representation; see :class:`partly.models.encoders.Representation` for its attributes.

    Its levels are the maps after each group of convolutions, at 1/16 of the photo's size to all of it.
    """

    kind, name = KIND, "VGG16"
    multiple_px = MULTIPLE_PX

    def __init__(self, shape: VGG16Shape) -> None:
        super().__init__(shape)
        self.image_size_px = shape.image_size_px
        self.groups = nn.ModuleList()
        levels: list[Level] = []
        n_in = 3
        for number, (n_layers, width) in enumerate(zip(N_LAYERS, shape.widths, strict=True)):
            group: list[nn.Module] = []
            for _ in range(n_layers):
                group += [nn.Conv2d(n_in, width, 3, padding=1), nn.ReLU()]
                n_in = width
            self.groups.append(nn.Sequential(*group))
            levels.append(Level(f"conv{number + 1}_{n_layers}", shape.image_size_px >> number, width))
        self.levels = tuple(levels[::-1])

    def convolutions(self) -> list[str]:
        """Names of all of them, in order."""
        return [name for name, module in self.named_modules() if isinstance(module, nn.Conv2d)]

    def read(self, images: Tensor) -> FeaturePyramid:
        """Features of photos ``[b, 3, h, w]`` in [-1, 1], coarse to fine.

        Raises:
            BadOption: photos whose sides are no multiples of 16.
        """
        self.check_images(images)
        maps, found = imagenet_normalised(images), []
        for number, group in enumerate(self.groups):
            maps = F.max_pool2d(maps, 2) if number else maps
            maps = group(maps)
            found.append(maps)
        return FeaturePyramid(tuple(found[::-1]))


def load_vgg16(folder: Path) -> VGG16:
    """Read a model folder.

    Raises:
        BadModelFile: it is damaged, or of another kind.
    """
    return read_family(folder, VGG16, VGG16Shape)
