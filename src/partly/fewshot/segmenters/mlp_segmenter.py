"""The paper's multilayer perceptrons: 0, 1 (2000) or 2 (2000, 200) hidden layers, pixel by pixel.

Tritrong et al. (CVPR 2021), section 4.2 and table 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from partly.fewshot.segmenters.segmenter_base import FewShotSegmenter
from partly.fewshot.segmenters.split_first_layer import SplitFirstLayer
from partly.models import FeaturePyramid


class MLPSegmenter(FewShotSegmenter):
    """Logits of each pixel from its features and coordinates alone."""

    def __init__(
        self,
        n_parts: int,
        level_indexes: Sequence[int],
        n_channels: Sequence[int],
        hidden: Sequence[int] = (2000, 200),
        coordinate_weight: float = 1.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(n_parts, level_indexes, n_channels)
        self.hidden, self.coordinate_weight, self.dropout = tuple(hidden), coordinate_weight, dropout
        widths = [*hidden, n_parts]
        self.first = SplitFirstLayer(n_channels, widths[0], coordinate_weight)
        self.rest = nn.ModuleList(nn.Conv2d(n_in, n_out, 1) for n_in, n_out in pairwise(widths))

    def arguments(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {
            "n_parts": self.n_parts,
            "level_indexes": list(self.level_indexes),
            "n_channels": list(self.n_channels),
            "hidden": list(self.hidden),
            "coordinate_weight": self.coordinate_weight,
            "dropout": self.dropout,
        }

    def logits(self, pyramid: FeaturePyramid, size_px: int) -> Tensor:
        """Logits ``[b, k, size_px, size_px]``."""
        x = self.first(self.read(pyramid).maps, size_px)
        for layer in self.rest:
            x = F.dropout(x.relu(), self.dropout, self.training)
            x = layer(x)
        return x

    def at_points(self, pyramid: FeaturePyramid, points: Tensor) -> Tensor:
        """Logits ``[n, k]`` at ``points [n, 2]`` (x, y in [-1, 1]) of the only picture of ``pyramid``."""
        x = self.first.at_points(self.read(pyramid).maps, points)
        x = x.T[None, :, :, None]
        for layer in self.rest:
            x = layer(F.dropout(x.relu(), self.dropout, self.training))
        return x[0, :, :, 0].T
