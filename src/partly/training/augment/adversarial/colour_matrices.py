"""The colours of what the discriminator sees: all changes of a picture as one matrix."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from partly.training.augment.segmentation.picture_randomness import happens, uniform


def with_chance(values: Tensor, neutral: float, chance: float, random: torch.Generator) -> Tensor:
    """``values [n]``, each kept with ``chance``; the others become ``neutral``."""
    return torch.where(happens(len(values), chance, random), values, neutral)


def differs(matrices: Tensor) -> Tensor:
    """``[n]``: which of ``matrices [n, k, k]`` are not the unit matrix."""
    return (matrices != torch.eye(matrices.shape[-1], dtype=matrices.dtype)).flatten(1).any(1)


def change_chosen(images: Tensor, chosen: Tensor, change: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Change some images of a batch; no time is spent on the others.

    Args:
        images: ``[b, c, h, w]``.
        chosen: ``[b]`` booleans, on the CPU.
        change: chosen images ``[k, c, h, w]`` and their places in the batch ``[k]``, on the CPU, to what the
            images become.
    """
    places = chosen.nonzero().squeeze(1)
    if len(places) == 0:
        return images
    if len(places) == len(images):
        return change(images, places)
    there = places.to(images.device)
    return images.index_copy(0, there, change(images.index_select(0, there), places))


_BRIGHTNESS_DEVIATION = 0.2
_CONTRAST_OCTAVES = 0.5
_SATURATION_OCTAVES = 1.0


@dataclass(frozen=True)
class Colour:
    """As Karras et al., NeurIPS 2020, have it in the pseudocode of appendix B.

    Every attribute is a strength: the change happens to a picture with probability ``strength * p``. Values
    of changed pictures may leave [-1, 1].

    Attributes:
        brightness: a number is added, normal with a deviation of 0.2.
        contrast: times a number, log-normal with a deviation of half an octave.
        luma_flip: in half of the cases light becomes dark, and colours stay.
        hue: colours turn about the grey axis by any angle.
        saturation: the distance from the grey axis times a number, log-normal with a deviation of an octave.
    """

    brightness: float = 1.0
    contrast: float = 1.0
    luma_flip: float = 1.0
    hue: float = 1.0
    saturation: float = 1.0

    def __call__(self, images: Tensor, p: float, random: torch.Generator) -> Tensor:
        """Images ``[b, 3, h, w]`` in other colours."""
        matrices = self.matrices(len(images), p, random)
        return change_chosen(
            images, differs(matrices), lambda chosen, places: recoloured(chosen, matrices[places])
        )

    def matrices(self, n: int, p: float, random: torch.Generator) -> Tensor:
        """``[n, 4, 4]`` of double precision, from colours ``(r, g, b, 1)`` to colours."""
        brightness = _BRIGHTNESS_DEVIATION * torch.randn(n, generator=random)
        brightness = with_chance(brightness, 0, p * self.brightness, random)
        contrast = _CONTRAST_OCTAVES * torch.randn(n, generator=random)
        contrast = with_chance(contrast, 0, p * self.contrast, random).exp2()
        flips = torch.randint(0, 2, (n,), generator=random).float()
        flips = with_chance(flips, 0, p * self.luma_flip, random)
        hues = with_chance(uniform(n, -math.pi, math.pi, random), 0, p * self.hue, random)
        saturation = _SATURATION_OCTAVES * torch.randn(n, generator=random)
        saturation = with_chance(saturation, 0, p * self.saturation, random).exp2()
        # The last named is applied first to a column of colours on the right.
        return (
            saturating(saturation)
            @ hue_rotation(hues)
            @ luma_flipping(flips)
            @ contrasting(contrast)
            @ brightening(brightness)
        )


def brightening(added: Tensor) -> Tensor:
    """Matrices ``[n, 4, 4]`` that add ``added [n]`` to each of the colours."""
    matrices = _unit(added)
    matrices[:, :3, 3] = added.double()[:, None]
    return matrices


def contrasting(factors: Tensor) -> Tensor:
    """Matrices ``[n, 4, 4]``: times ``factors [n]``."""
    matrices = _unit(factors)
    matrices[:, :3, :3] *= factors.double().view(-1, 1, 1)
    return matrices


def luma_flipping(flips: Tensor) -> Tensor:
    """Matrices ``[n, 4, 4]`` that mirror colours at the plane across the grey axis where ``flips [n]`` is 1.

    A Householder reflection, ``I - 2 v v^T``.
    """
    return _unit(flips) - 2 * flips.double().view(-1, 1, 1) * _along_grey()


def hue_rotation(angles: Tensor) -> Tensor:
    """Matrices ``[n, 4, 4]`` that turn colours about the grey axis by ``angles [n]`` (Rodrigues)."""
    axis = 1 / math.sqrt(3)
    cross = torch.zeros(4, 4, dtype=torch.float64)
    cross[:3, :3] = torch.tensor([[0.0, -axis, axis], [axis, 0.0, -axis], [-axis, axis, 0.0]])
    cosines, sines = (values.double().view(-1, 1, 1) for values in (angles.cos(), angles.sin()))
    return _unit(angles) + (cosines - 1) * (_colours_only() - _along_grey()) + sines * cross


def saturating(factors: Tensor) -> Tensor:
    """Matrices ``[n, 4, 4]``: what is across the grey axis times ``factors [n]``."""
    return _unit(factors) + (factors.double().view(-1, 1, 1) - 1) * (_colours_only() - _along_grey())


def recoloured(images: Tensor, matrices: Tensor) -> Tensor:
    """Images ``[k, 3, h, w]`` with every colour changed by the ``matrices [k, 4, 4]``."""
    matrices = matrices.to(images)
    return torch.baddbmm(matrices[:, :3, 3:], matrices[:, :3, :3], images.flatten(2)).view_as(images)


def _unit(like: Tensor) -> Tensor:
    return torch.eye(4, dtype=torch.float64).repeat(len(like), 1, 1)


def _along_grey() -> Tensor:
    """``v v^T`` with ``v = (1, 1, 1, 0) / sqrt(3)``: the part of a colour along the grey axis."""
    matrix = torch.zeros(4, 4, dtype=torch.float64)
    matrix[:3, :3] = 1 / 3
    return matrix


def _colours_only() -> Tensor:
    """The unit matrix without the added ones."""
    return torch.diag(torch.tensor([1.0, 1.0, 1.0, 0.0], dtype=torch.float64))
