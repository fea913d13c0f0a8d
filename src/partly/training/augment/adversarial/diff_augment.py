"""DiffAugment: what the discriminator sees is changed, photos and pictures alike (Zhao et al., NeurIPS 2020).

All changes let gradients through, so the generator learns from changed pictures to make unchanged ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from partly.training.augment.adversarial.corruption import cut_out
from partly.training.augment.adversarial.discriminator_augmentation import AugmentationInUse


@dataclass(frozen=True)
class DiffAugment:
    """Colour, translation and cutout, as the paper's section 4 has them.

    Attributes:
        colour: change brightness, saturation and contrast.
        translation: largest shift, as a share of the side; 0: none.
        cutout: side of the square that is blanked, as a share of the picture's; 0: none.
    """

    colour: bool = True
    translation: float = 0.125
    cutout: float = 0.5

    def begin(self) -> AugmentationInUse:
        """It, at the beginning of a training; it does not adapt."""
        return AugmentationInUse(self)

    def __call__(self, images: Tensor, random: torch.Generator) -> Tensor:
        """Changed images ``[b, 3, h, w]``, each in its own way; values may leave [-1, 1]."""
        if self.colour:
            images = _brightness(images, random)
            images = _saturation(images, random)
            images = _contrast(images, random)
        if self.translation:
            images = _translated(images, self.translation, random)
        if self.cutout:
            images = _cut_out(images, self.cutout, random)
        return images


def _uniform(images: Tensor, low: float, high: float, random: torch.Generator) -> Tensor:
    """One number for each image, ``[b, 1, 1, 1]``."""
    drawn = torch.rand(len(images), 1, 1, 1, generator=random).to(images)
    return low + (high - low) * drawn


def _brightness(images: Tensor, random: torch.Generator) -> Tensor:
    return images + _uniform(images, -0.5, 0.5, random)


def _saturation(images: Tensor, random: torch.Generator) -> Tensor:
    grey = images.mean(dim=1, keepdim=True)
    return grey + (images - grey) * _uniform(images, 0, 2, random)


def _contrast(images: Tensor, random: torch.Generator) -> Tensor:
    middle = images.mean(dim=(1, 2, 3), keepdim=True)
    return middle + (images - middle) * _uniform(images, 0.5, 1.5, random)


def _translated(images: Tensor, share: float, random: torch.Generator) -> Tensor:
    """Shifted by whole pixels; what comes in is black, which is 0 here."""
    b, _, height, width = images.shape
    shifts = []
    for side in (height, width):
        most = round(share * side)
        shifts.append(torch.randint(-most, most + 1, (b,), generator=random).to(images.device))
    rows = torch.arange(height, device=images.device) - shifts[0][:, None]
    columns = torch.arange(width, device=images.device) - shifts[1][:, None]
    # Out of range is the border of zeros around the picture.
    padded = F.pad(images, (1, 1, 1, 1))
    rows, columns = (rows + 1).clamp(0, height + 1), (columns + 1).clamp(0, width + 1)
    number = torch.arange(b, device=images.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[number, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _cut_out(images: Tensor, share: float, random: torch.Generator) -> Tensor:
    """A square somewhere, centred within the picture, becomes 0."""
    centres = [torch.rand(len(images), 1, generator=random) for _axis in ("y", "x")]
    return cut_out(images, torch.cat(centres, dim=1), share)
