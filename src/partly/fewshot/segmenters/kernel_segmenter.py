"""Ridge regression on random cosines of the features beside them: nearly that of a Gaussian kernel.

Rahimi and Recht, "Random features for large-scale kernel machines" (NeurIPS 2007): for frequencies ``f`` from
a normal distribution of deviation ``s``, and even phases ``p``, the mean of ``2 cos(f·x + p) cos(f·y + p)``
is ``exp(-s² |x - y|² / 2)``. Cells that look alike, and lie near each other, share a part; what is unlike all
that was labelled is left to the linear features. Where a generator has few channels, a part is often no
linear function of them, and the cosines are worth nine points of IoU (docs/lab.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from partly.fewshot.segmenters.pixel_coordinates import N_COORDINATES
from partly.fewshot.segmenters.ridge_segmenter import RidgeSegmenter
from partly.models import FeaturePyramid, resize
from partly.storage import tensor_seed

_MOST_GRID_PX = 128


class KernelSegmenter(RidgeSegmenter):
    """Logits linear in features, coordinates, and cosines of both.

    Features are divided by the root of their number, so that a penalty means the same for any generator.
    Scores are computed on the grid of the finest level, since cosines do not commute with upsampling.

    Args:
        n_parts: number of parts ``k``.
        level_indexes: which levels it reads.
        n_channels: channels of those.
        n_cosines: how many; 1500 were as good as 3000.
        frequency: how far the cosines see: the higher, the more alike two cells must be to be one part.
        seed: of the frequencies, which are kept with the weights.
    """

    frequencies: Tensor
    phases: Tensor

    def __init__(
        self,
        n_parts: int,
        level_indexes: Sequence[int],
        n_channels: Sequence[int],
        n_cosines: int = 1500,
        frequency: float = 1.5,
        seed: int = 0,
    ) -> None:
        super().__init__(n_parts, level_indexes, n_channels, coordinate_weight=1.0)
        self.n_cosines, self.frequency, self.seed = n_cosines, frequency, seed
        self.n_plain = sum(n_channels) + N_COORDINATES
        self.n_features = self.n_plain + n_cosines + 1
        self.weight = torch.nn.Parameter(torch.zeros(n_parts, self.n_features), requires_grad=False)
        draws = torch.Generator().manual_seed(tensor_seed("first weights", seed))
        self.register_buffer("frequencies", torch.randn(self.n_plain, n_cosines, generator=draws) * frequency)
        self.register_buffer("phases", torch.rand(n_cosines, generator=draws) * (2 * math.pi))

    def arguments(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {
            "n_parts": self.n_parts,
            "level_indexes": list(self.level_indexes),
            "n_channels": list(self.n_channels),
            "n_cosines": self.n_cosines,
            "frequency": self.frequency,
            "seed": self.seed,
        }

    def scores(self, pyramid: FeaturePyramid, size_px: int) -> Tensor:
        """Regressed shares of each part, ``[b, k, size_px, size_px]``, about 0 to 1."""
        finest_px = max(m.shape[-1] for m in self.read(pyramid).maps)
        grid_px = min(size_px, finest_px, _MOST_GRID_PX)
        scores = []
        for i in range(pyramid.n_pictures):
            # One picture at a time: the cosines of a batch would take gigabytes.
            on_cells = self.rows(pyramid.pictures(i, i + 1), grid_px) @ self.weight.T
            scores.append(on_cells.T.unflatten(1, (grid_px, grid_px)))
        return resize(torch.stack(scores), size_px)

    def rows(self, pyramid: FeaturePyramid, grid_px: int) -> Tensor:
        """Feature rows ``[b * grid_px², d]`` that :attr:`weight` multiplies, on a grid of cells."""
        plain = super().rows(pyramid, grid_px)[:, :-1]
        features, places = plain.split([self.n_plain - N_COORDINATES, N_COORDINATES], dim=1)
        scaled = torch.cat((features / features.shape[1] ** 0.5, places / N_COORDINATES**0.5), dim=1)
        cosines = torch.addmm(self.phases, scaled, self.frequencies).cos_()
        cosines.mul_((2 / self.n_cosines) ** 0.5)
        return torch.cat((scaled, cosines, scaled.new_ones(len(scaled), 1)), dim=1)
