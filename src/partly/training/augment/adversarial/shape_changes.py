"""Changes that leave a shape what it is: it is turned, stretched, slanted, moved, bolder or thinner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class ShapeChanges:
    """Each image in its own way; gradients pass. What comes in at a border is what was there.

    Attributes:
        turn: most, in radians, either way.
        stretch: most, of each axis, as the logarithm of the factor.
        slant: most, either way, as the tangent of the angle.
        shift: most, along each axis, as a share of the side.
        bolder: most, either way, as the share by which a pixel becomes the lightest or the darkest of the
            nine around it.
    """

    turn: float = 0.3
    stretch: float = 0.2
    slant: float = 0.4
    shift: float = 0.075
    bolder: float = 0.7

    def __call__(self, images: Tensor, random: torch.Generator) -> Tensor:
        """Changed images ``[b, c, s, s]`` of images ``[b, c, s, s]``."""

        def drawn(most: float) -> Tensor:
            return most * (2 * torch.rand(len(images), generator=random).to(images) - 1)

        grid = F.affine_grid(self._places(drawn), list(images.shape), align_corners=False)
        changed = F.grid_sample(images, grid, padding_mode="border", align_corners=False)
        return _bolder(changed, drawn(self.bolder)[:, None, None, None])

    def _places(self, drawn: Callable[[float], Tensor]) -> Tensor:
        """Where each pixel of a changed image comes from, ``[b, 2, 3]``: turned after it was slanted."""
        turn, slant = drawn(self.turn), drawn(self.slant)
        wide, high = drawn(self.stretch).exp(), drawn(self.stretch).exp()
        right, down = drawn(2 * self.shift), drawn(2 * self.shift)
        cos, sin = turn.cos(), turn.sin()
        rows = (
            torch.stack([cos * wide, cos * slant * wide - sin * high, right], dim=1),
            torch.stack([sin * wide, sin * slant * wide + cos * high, down], dim=1),
        )
        return torch.stack(rows, dim=1)


def _bolder(images: Tensor, by: Tensor) -> Tensor:
    """Light parts grown by ``by [b, 1, 1, 1]`` from 0 to 1, or shrunk where it is negative."""
    lightest, darkest = F.max_pool2d(images, 3, 1, 1), -F.max_pool2d(-images, 3, 1, 1)
    return images + by.relu() * (lightest - images) + (-by).relu() * (darkest - images)
