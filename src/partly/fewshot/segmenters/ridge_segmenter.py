"""Ridge regression on standardised features and coordinates: a linear segmenter, fitted in closed form.

From one label a segmenter must extrapolate to pictures that it knows nothing of; squared error with a penalty
does so sanely where cross-entropy grows without bound (see docs/lab.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from partly.fewshot.fitting.ridge_methods import COORDINATE_WEIGHT
from partly.fewshot.segmenters.pixel_coordinates import N_COORDINATES, coordinates
from partly.fewshot.segmenters.segmenter_base import FewShotSegmenter
from partly.fewshot.segmenters.standardiser import Standardiser
from partly.models import FeaturePyramid, on_grid, resize


class RidgeSegmenter(FewShotSegmenter):
    """Logits linear in features; scores are computed at native sizes and then upsampled.

    Attributes:
        weight: ``[k, d]``, one column for each channel, coordinate and, last, the bias.
        sharpness: inverse temperature: scores (about 0 to 1) are multiplied by it to make logits.
    """

    sharpness: Tensor

    def __init__(
        self,
        n_parts: int,
        level_indexes: Sequence[int],
        n_channels: Sequence[int],
        coordinate_weight: float = COORDINATE_WEIGHT,
    ) -> None:
        super().__init__(n_parts, level_indexes, n_channels)
        self.coordinate_weight = coordinate_weight
        self.standardiser = Standardiser(n_channels)
        self.n_features = sum(n_channels) + N_COORDINATES + 1
        self.weight = nn.Parameter(torch.zeros(n_parts, self.n_features), requires_grad=False)
        self.register_buffer("sharpness", torch.ones(()))

    def arguments(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {
            "n_parts": self.n_parts,
            "level_indexes": list(self.level_indexes),
            "n_channels": list(self.n_channels),
            "coordinate_weight": self.coordinate_weight,
        }

    def logits(self, pyramid: FeaturePyramid, size_px: int) -> Tensor:
        """Logits ``[b, k, size_px, size_px]``."""
        return self.scores(pyramid, size_px) * self.sharpness

    def scores(self, pyramid: FeaturePyramid, size_px: int) -> Tensor:
        """Regressed shares of each part, ``[b, k, size_px, size_px]``, about 0 to 1."""
        maps = self.read(pyramid).maps
        *level_weights, place, bias = self.weight.split([*self.n_channels, N_COORDINATES, 1], dim=1)
        at_place = torch.einsum("kc,chw->khw", place, self._coordinates(size_px)) + bias[:, :, None]
        scores = at_place[None].expand(maps[0].shape[0], -1, -1, -1)
        # Levels of one size are summed before the upsampling, which is linear.
        by_size: dict[tuple[int, int], Tensor] = {}
        for m, w, mean, deviation in zip(
            maps, level_weights, self.standardiser.means, self.standardiser.deviations, strict=True
        ):
            scaled = w / deviation
            # A product of matrices: a 1x1 convolution to so few channels takes twice as long on a CPU.
            projected = (scaled @ m.flatten(2)).unflatten(2, m.shape[2:]) - (scaled @ mean)[:, None, None]
            size = (m.shape[-2], m.shape[-1])
            known = by_size.get(size)
            by_size[size] = projected if known is None else known + projected
        for projected in by_size.values():
            scores = scores + resize(projected, size_px)
        return scores

    def rows(self, pyramid: FeaturePyramid, grid_px: int) -> Tensor:
        """Feature rows ``[b * grid_px², d]`` that :attr:`weight` multiplies, on a grid of cells.

        Levels finer than the grid are averaged over its cells, coarser ones interpolated.
        """
        maps = self.standardiser(self.read(pyramid).maps)
        columns = [on_grid(m, grid_px) for m in maps]
        place = self._coordinates(grid_px)[None].expand(columns[0].shape[0], -1, -1, -1)
        columns += [place, torch.ones_like(place[:, :1])]
        return torch.cat([c.flatten(2).transpose(1, 2) for c in columns], dim=2).flatten(0, 1)

    def place_columns(self, size_px: int) -> Tensor:
        """What the last columns of :attr:`weight` multiply at each place, ``[6, size_px, size_px]``."""
        place = self._coordinates(size_px)
        return torch.cat([place, torch.ones_like(place[:1])])

    def half_columns(self) -> tuple[Tensor, Tensor]:
        """Every other feature, and the others: boolean ``[d]`` each. Position and bias are in both."""
        columns = torch.arange(self.n_features, device=self.weight.device)
        start = sum(self.n_channels)
        both = (columns >= start) & (columns < start + N_COORDINATES)
        both[-1] = True
        return both | (columns % 2 == 0), both | (columns % 2 == 1)

    def _coordinates(self, size_px: int) -> Tensor:
        return coordinates(size_px).to(self.weight.device) * self.coordinate_weight
