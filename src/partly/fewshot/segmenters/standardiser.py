"""Standardisation of features: mean and deviation of every channel, from many pictures, labelled or not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from partly.machine import where_able
from partly.models import FeaturePyramid

_N_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Moments:
    """Mean and mean square of every channel, from which a standardiser is set; a few kilobytes a picture.

    Attributes:
        n_pictures: how many pictures they were taken of.
        sums: of the pictures' means, float64 ``[c_l]`` for each level, on the processor.
        squares: of the means of the squares, likewise.
    """

    n_pictures: int
    sums: tuple[Tensor, ...]
    squares: tuple[Tensor, ...]

    def __add__(self, other: Moments) -> Moments:
        return Moments(
            self.n_pictures + other.n_pictures,
            tuple(a + b for a, b in zip(self.sums, other.sums, strict=True)),
            tuple(a + b for a, b in zip(self.squares, other.squares, strict=True)),
        )

    @classmethod
    def of(cls, pyramid: FeaturePyramid) -> Moments:
        """Those of the pictures of one pyramid."""
        sums, squares = zip(*map(_sums_and_squares, pyramid.maps), strict=True)
        return cls(pyramid.n_pictures, sums, squares)


class Standardiser(nn.Module):
    """Takes the mean of every channel away and divides by its deviation, level by level."""

    def __init__(self, n_channels: Sequence[int]) -> None:
        super().__init__()
        self.means = nn.ParameterList(nn.Parameter(torch.zeros(c), requires_grad=False) for c in n_channels)
        self.deviations = nn.ParameterList(
            nn.Parameter(torch.ones(c), requires_grad=False) for c in n_channels
        )

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Standardised copies of ``maps``, each ``[b, c_l, h_l, w_l]``."""
        return [
            (m - mean[:, None, None]) / deviation[:, None, None]
            for m, mean, deviation in zip(maps, self.means, self.deviations, strict=True)
        ]

    @torch.no_grad()
    def estimate(self, pyramids: Iterable[FeaturePyramid]) -> None:
        """Set mean and deviation from a stream of pyramids of the levels that it will see."""
        first, *others = map(Moments.of, pyramids)
        self.set(sum(others, first))

    @torch.no_grad()
    def set(self, moments: Moments) -> None:
        """Set mean and deviation from what was taken of many pictures."""
        for mean, deviation, total, square in zip(
            self.means, self.deviations, moments.sums, moments.squares, strict=True
        ):
            average = total / moments.n_pictures
            variance = (square / moments.n_pictures - average.square()).clamp(min=0)
            # A channel that never changes says nothing; dividing by one leaves it at zero.
            spread = torch.where(variance > 1e-12, variance.sqrt(), torch.ones_like(variance))
            mean.copy_(average)
            deviation.copy_(spread)


def _sums_and_squares(level: Tensor) -> tuple[Tensor, Tensor]:
    """Of ``[b, c, h, w]`` the means over pixels, and the mean squares, summed over pictures: ``[c]`` each."""
    # A few channels at a time stay in the processor's cache, which is eight times as quick.
    n_channels = max(1, _N_AT_ONCE // (level.shape[0] * level.shape[2] * level.shape[3]))
    sums, squares = [], []
    for block in level.split(n_channels, dim=1):
        exact = where_able(block).double()
        sums.append(exact.mean((2, 3)).sum(0))
        squares.append(exact.square().mean((2, 3)).sum(0))
    return torch.cat(sums).cpu(), torch.cat(squares).cpu()
