"""How what the discriminator sees is moved: pixel blitting and general maps, as one affine map per picture.

Matrices are ``[n, 3, 3]`` of double precision, from places ``(x, y, 1)`` in the changed picture to places in
the picture, in pixels from the middle, x to the right and y down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from partly.training.augment.adversarial.colour_matrices import change_chosen, differs, with_chance
from partly.training.augment.adversarial.resampling import along_lines, resampled, smooth_lines, whole_lines
from partly.training.augment.segmentation.picture_randomness import uniform

_MOST_SHIFT = 0.125
"""Largest shift by whole pixels, as a share of the side."""
_SCALE_OCTAVES = 0.2
"""Standard deviation of the binary logarithm of scales, isotropic or not."""
_SHIFT_DEVIATION = 0.125
"""Standard deviation of shifts by parts of pixels, as a share of the side."""


@dataclass(frozen=True)
class Geometric:
    """As Karras et al., NeurIPS 2020, have it in the pseudocode of appendix B.

    Every attribute is a strength: the change happens to a picture with probability ``strength * p``. The
    first three move pixels as they are, the others resample; a picture that draws several is resampled once.
    Changes draw "none" too: half of the mirrorings and a quarter of the quarter turns change nothing.

    Attributes:
        mirror: left and right.
        quarter_turn: by 0, 90, 180 or 270 degrees; 0 or 180 only where height and width differ.
        shift: by whole pixels, up to 1/8 of the side.
        scale: the same along both axes, log-normal with a deviation of 0.2 octaves.
        rotation: by any angle, before and after the stretch, each with ``1 - sqrt(1 - p)``.
        stretch: along one axis what the other shrinks, log-normal as the scale.
        fractional_shift: normal with a deviation of 1/8 of the side.
    """

    mirror: float = 1.0
    quarter_turn: float = 1.0
    shift: float = 1.0
    scale: float = 1.0
    rotation: float = 1.0
    stretch: float = 1.0
    fractional_shift: float = 1.0

    def __call__(self, images: Tensor, p: float, random: torch.Generator) -> Tensor:
        """Moved images ``[b, c, h, w]``; beyond its border a picture is its own reflection."""
        size = (images.shape[2], images.shape[3])
        blits = self.blits(len(images), size, p, random)
        maps = self.maps(len(images), size, p, random)
        between = differs(maps)
        matrices = blits @ maps
        turned = _turned(matrices)
        images = change_chosen(
            images,
            differs(matrices) & ~turned,
            lambda chosen, places: _moved_along_lines(chosen, matrices[places], between[places]),
        )
        return change_chosen(images, turned, lambda chosen, places: resampled(chosen, matrices[places, :2]))

    def blits(self, n: int, size: tuple[int, int], p: float, random: torch.Generator) -> Tensor:
        """``n`` matrices that move whole pixels of pictures of ``size`` (height, width)."""
        height, width = size
        mirrored = with_chance(_integers(n, 0, 1, random), 0, p * self.mirror, random)
        turns = _integers(n, 0, 3, random)
        if height != width:
            turns = turns // 2 * 2
        turns = with_chance(turns, 0, p * self.quarter_turn, random)
        kept = uniform(n, 0, 1, random) < p * self.shift
        shifts = [
            (uniform(n, -_MOST_SHIFT, _MOST_SHIFT, random) * side).round() * kept for side in (width, height)
        ]
        return (
            scaling(1 - 2 * mirrored, torch.ones(n)) @ rotation(turns * (-math.pi / 2)) @ translation(*shifts)
        )

    def maps(self, n: int, size: tuple[int, int], p: float, random: torch.Generator) -> Tensor:
        """``n`` matrices of general affine maps of pictures of ``size`` (height, width)."""
        height, width = size
        scales = _log_normal(n, p * self.scale, random)
        chance = 1 - math.sqrt(1 - min(p * self.rotation, 1))
        before, after = (
            with_chance(uniform(n, -math.pi, math.pi, random), 0, chance, random) for _when in range(2)
        )
        stretches = _log_normal(n, p * self.stretch, random)
        kept = uniform(n, 0, 1, random) < p * self.fractional_shift
        shifts = [
            torch.randn(n, generator=random) * (_SHIFT_DEVIATION * side) * kept for side in (width, height)
        ]
        return (
            scaling(1 / scales, 1 / scales)
            @ rotation(-before)
            @ scaling(1 / stretches, stretches)
            @ rotation(-after)
            @ translation(-shifts[0], -shifts[1])
        )


def scaling(x: Tensor, y: Tensor) -> Tensor:
    """Matrices ``[n, 3, 3]``: times ``x [n]`` and ``y [n]``."""
    return torch.diag_embed(torch.stack((x, y, torch.ones_like(x)), 1).double())


def rotation(angles: Tensor) -> Tensor:
    """Matrices ``[n, 3, 3]``: by ``angles [n]`` in radians, from x towards y; what should be 0 is 0."""
    angles = angles.double()
    cosines, sines = angles.cos(), angles.sin()
    matrices = scaling(cosines, cosines)
    matrices[:, 0, 1], matrices[:, 1, 0] = -sines, sines
    # pi / 2 is not exact, so that a little is left where the cosine or the sine should be 0.
    return torch.where(matrices.abs() < 1e-6, 0, matrices)


def translation(x: Tensor, y: Tensor) -> Tensor:
    """Matrices ``[n, 3, 3]``: by ``x [n]`` and ``y [n]``."""
    matrices = scaling(torch.ones_like(x), torch.ones_like(y))
    matrices[:, 0, 2], matrices[:, 1, 2] = x, y
    return matrices


def _integers(n: int, low: int, high: int, random: torch.Generator) -> Tensor:
    """``[n]`` whole numbers from ``low`` to ``high``, both included."""
    return torch.randint(low, high + 1, (n,), generator=random).float()


def _log_normal(n: int, chance: float, random: torch.Generator) -> Tensor:
    return with_chance(torch.randn(n, generator=random) * _SCALE_OCTAVES, 0, chance, random).exp2()


def _swapped(matrices: Tensor) -> Tensor:
    """``[n]``: which of the maps turn rows into columns and do no more."""
    return (matrices[:, 0, 0] == 0) & (matrices[:, 1, 1] == 0)


def _turned(matrices: Tensor) -> Tensor:
    """``[n]``: which of the maps mix rows and columns."""
    upright = (matrices[:, 0, 1] == 0) & (matrices[:, 1, 0] == 0)
    return ~upright & ~_swapped(matrices)


def _moved_along_lines(images: Tensor, matrices: Tensor, between: Tensor) -> Tensor:
    """Images ``[k, c, h, w]`` moved by maps that do not mix rows and columns.

    ``between [k]`` are those of them that need values between pixels.
    """
    swapped = _swapped(matrices)
    images = change_chosen(images, swapped, lambda chosen, _places: chosen.mT)
    # The transposed picture has its x where the picture has its y.
    matrices = torch.where(swapped[:, None, None], matrices[:, [1, 0, 2]], matrices)
    lines = []
    for axis, size in enumerate((images.shape[3], images.shape[2])):
        scales, middle = matrices[:, axis, axis], (size - 1) / 2
        offsets = matrices[:, axis, 2] + middle - scales * middle
        exact = whole_lines(scales[~between], offsets[~between], size, images)
        smooth = smooth_lines(scales[between], offsets[between], size, images)
        both = exact.new_empty(len(images), size, size)
        both[~between], both[between] = exact, smooth
        lines.append(both)
    columns, rows = lines
    return along_lines(images, rows, columns)
