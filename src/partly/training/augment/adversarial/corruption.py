"""What is lost from what the discriminator sees: noise over it, and squares cut out of it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from partly.training.augment.adversarial.colour_matrices import change_chosen
from partly.training.augment.segmentation.picture_randomness import happens

_NOISE_DEVIATION = 0.1
_CUTOUT_SHARE = 0.5


@dataclass(frozen=True)
class Corruption:
    """As Karras et al., NeurIPS 2020, have it in the pseudocode of appendix B.

    Every attribute is a strength: the change happens to a picture with probability ``strength * p``.

    Attributes:
        noise: normal noise is added to every value, whose deviation is half-normal with 0.1.
        cutout: a square of half the side, centred anywhere in the picture, becomes 0.
    """

    noise: float = 1.0
    cutout: float = 1.0

    def __call__(self, images: Tensor, p: float, random: torch.Generator) -> Tensor:
        """Corrupted images ``[b, c, h, w]``."""
        n = len(images)
        deviations = torch.randn(n, generator=random).abs() * _NOISE_DEVIATION
        centres = torch.rand(n, 2, generator=random)
        noisy, cut = happens(n, p * self.noise, random), happens(n, p * self.cutout, random)

        def with_noise(chosen: Tensor, places: Tensor) -> Tensor:
            noise = torch.randn(chosen.shape, generator=random) * deviations[places].view(-1, 1, 1, 1)
            return chosen + noise.to(chosen)

        images = change_chosen(images, noisy, with_noise)
        return change_chosen(
            images, cut, lambda chosen, places: cut_out(chosen, centres[places], _CUTOUT_SHARE)
        )


def cut_out(images: Tensor, centres: Tensor, share: float) -> Tensor:
    """Images ``[k, c, h, w]`` with a rectangle of zeros.

    Args:
        images: what to cut from.
        centres: ``[k, 2]`` (y, x), as shares of height and width.
        share: height and width of the rectangle, as shares of the picture's.
    """
    inside = torch.ones(len(images), 1, 1, 1, dtype=torch.bool, device=images.device)
    for dim in (2, 3):
        side = images.shape[dim]
        middles = torch.arange(side, device=images.device) + 0.5
        within = (middles - centres[:, dim - 2, None].to(images) * side).abs() < share * side / 2
        shape = (len(images), 1, -1, 1) if dim == 2 else (len(images), 1, 1, -1)
        inside = inside & within.view(shape)
    return images * ~inside
