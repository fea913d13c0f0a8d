"""Standardisation of features: mean and deviation of every channel, from many pictures, labelled or not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from partly.pyramid import FeaturePyramid


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
        n, sums, squares = 0, [torch.zeros(())] * len(self.means), [torch.zeros(())] * len(self.means)
        for pyramid in pyramids:
            n += pyramid.n_pictures
            sums = [s + m.double().mean((2, 3)).sum(0) for s, m in zip(sums, pyramid.maps, strict=True)]
            squares = [
                s + m.double().square().mean((2, 3)).sum(0)
                for s, m in zip(squares, pyramid.maps, strict=True)
            ]
        for mean, deviation, total, square in zip(self.means, self.deviations, sums, squares, strict=True):
            average = total / n
            variance = (square / n - average.square()).clamp(min=0)
            # A channel that never changes says nothing; dividing by one leaves it at zero.
            spread = torch.where(variance > 1e-12, variance.sqrt(), torch.ones_like(variance))
            mean.copy_(average)
            deviation.copy_(spread)
