"""A first layer that reads a pyramid without forming the hypercolumn.

``W·concat(up(a_1), …, up(a_n)) = Σ up(W_l·a_l)``: a 1x1 layer commutes with bilinear upsampling and splits
over levels, so each level is projected at its native size and only the few projected channels grow.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partly.fewshot.segmenters.pixel_coordinates import N_COORDINATES, coordinates, coordinates_at
from partly.fewshot.segmenters.standardiser import Standardiser
from partly.machine import where_able
from partly.models import resize


class SplitFirstLayer(nn.Module):
    """Standardised levels and coordinates to ``n_out`` channels: one linear layer on the hypercolumn."""

    def __init__(self, n_channels: Sequence[int], n_out: int, coordinate_weight: float) -> None:
        super().__init__()
        self.standardiser = Standardiser(n_channels)
        self.coordinate_weight = coordinate_weight
        n_in = sum(n_channels) + N_COORDINATES
        # He et al. (ICCV 2015): the variance of the whole sum, not of each level, is what must be kept.
        self.weights = nn.ParameterList(
            nn.Parameter(torch.randn(n_out, c) * (2 / n_in) ** 0.5) for c in n_channels
        )
        self.place = nn.Parameter(torch.randn(n_out, N_COORDINATES) * (2 / n_in) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, maps: Sequence[Tensor], size_px: int) -> Tensor:
        """``[b, n_out, size_px, size_px]`` of raw levels."""
        total = self._at_place(coordinates(size_px).to(self.bias.device))[None]
        for m, w in zip(self.standardiser(maps), self.weights, strict=True):
            total = total + resize(F.conv2d(m, w[:, :, None, None]), size_px)
        return total

    def at_points(self, maps: Sequence[Tensor], points: Tensor) -> Tensor:
        """``[n, n_out]`` at ``points [n, 2]`` (x, y in [-1, 1]) of the only picture of ``maps``."""
        total = self._at_place(coordinates_at(points[:, 0], points[:, 1])).T
        for m, w in zip(self.standardiser(maps), self.weights, strict=True):
            total = total + sample_points(m, points) @ w.T
        return total

    def _at_place(self, place: Tensor) -> Tensor:
        weighted = torch.tensordot(self.place, place * self.coordinate_weight, dims=1)
        return weighted + self.bias.view(-1, *[1] * (place.ndim - 1))


def sample_points(maps: Tensor, points: Tensor) -> Tensor:
    """Bilinear values ``[n, c]`` of ``maps [1, c, h, w]`` at ``points [n, 2]`` (x, y in [-1, 1])."""
    places = where_able(points[None, None])
    values = F.grid_sample(
        where_able(maps), places, mode="bilinear", padding_mode="border", align_corners=False
    )
    return values[0, :, 0].T.to(maps.device)
