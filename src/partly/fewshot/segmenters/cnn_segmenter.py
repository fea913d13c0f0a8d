"""The paper's dilated convolutional networks S, M and L on the pyramid.

Tritrong et al. (CVPR 2021), section 3.2 and appendix: a 1x1 layer, then 3x3 convolutions whose dilations
widen the view, then a 1x1 layer to the parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from partly.fewshot.segmenters.segmenter_base import FewShotSegmenter
from partly.fewshot.segmenters.split_first_layer import SplitFirstLayer
from partly.models import FeaturePyramid

DILATIONS = {"S": (1, 2, 1, 2, 1), "M": (1, 2, 4, 1, 2, 4, 1), "L": (1, 2, 4, 8, 1, 2, 4, 8, 1)}


class CNNSegmenter(FewShotSegmenter):
    """Logits from features and their neighbourhood."""

    def __init__(
        self,
        n_parts: int,
        level_indexes: Sequence[int],
        n_channels: Sequence[int],
        size: str = "L",
        n_first: int = 128,
        n_inner: int = 64,
        coordinate_weight: float = 1.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(n_parts, level_indexes, n_channels)
        self.size, self.n_first, self.n_inner = size, n_first, n_inner
        self.coordinate_weight, self.dropout = coordinate_weight, dropout
        self.first = SplitFirstLayer(n_channels, n_first, coordinate_weight)
        dilations = DILATIONS[size]
        widths = [n_first, *[n_inner] * len(dilations)]
        inner = [
            nn.Conv2d(n_in, n_inner, 3, padding=d, dilation=d)
            for n_in, d in zip(widths, dilations, strict=False)
        ]
        for layer in inner:
            # He et al. (ICCV 2015), and less the more layers add up.
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            layer.weight.data.mul_(len(inner) ** -0.5)
        self.inner = nn.ModuleList(inner)
        self.last = nn.Conv2d(n_inner, n_parts, 1)

    def arguments(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {
            "n_parts": self.n_parts,
            "level_indexes": list(self.level_indexes),
            "n_channels": list(self.n_channels),
            "size": self.size,
            "n_first": self.n_first,
            "n_inner": self.n_inner,
            "coordinate_weight": self.coordinate_weight,
            "dropout": self.dropout,
        }

    def logits(self, pyramid: FeaturePyramid, size_px: int) -> Tensor:
        """Logits ``[b, k, size_px, size_px]``."""
        x = F.dropout2d(self.first(self.read(pyramid).maps, size_px), self.dropout, self.training)
        for layer in self.inner:
            step = layer(x.relu())
            # Added to what it read, where widths allow (He et al., CVPR 2016): from one label, nine plain
            # layers learn nothing in hundreds of steps.
            x = x + step if step.shape == x.shape else step
        return self.last(x.relu())
