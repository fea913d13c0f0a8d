"""A small convolutional head on an encoder's features, which learns from thousands of soft labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partly.fewshot.segmenters.segmenter_base import FewShotSegmenter
from partly.fewshot.segmenters.standardiser import Standardiser
from partly.models import FeaturePyramid, resize


class HeadSegmenter(FewShotSegmenter):
    """Logits by 1x1, 3x3 and 1x1 convolutions of standardised levels, at the size of the finest one.

    Unlike the other segmenters of this folder it is not fitted on a few labels, but trained on what a teacher
    says of many pictures; see :func:`partly.synthesis.distil.train_head`.
    """

    def __init__(
        self,
        n_parts: int,
        level_indexes: Sequence[int],
        n_channels: Sequence[int],
        n_first: int = 192,
        n_second: int = 64,
        dropout: float = 0.1,
    ) -> None:
        super().__init__(n_parts, level_indexes, n_channels)
        self.n_first, self.n_second, self.dropout = n_first, n_second, dropout
        self.standardiser = Standardiser(n_channels)
        self.first = nn.Conv2d(sum(n_channels), n_first, 1)
        self.second = nn.Conv2d(n_first, n_second, 3, padding=1)
        self.last = nn.Conv2d(n_second, n_parts, 1)

    def arguments(self) -> dict[str, Any]:
        """Constructor arguments."""
        return {
            "n_parts": self.n_parts,
            "level_indexes": list(self.level_indexes),
            "n_channels": list(self.n_channels),
            "n_first": self.n_first,
            "n_second": self.n_second,
            "dropout": self.dropout,
        }

    def logits(self, pyramid: FeaturePyramid, size_px: int) -> Tensor:
        """Logits ``[b, k, size_px, size_px]``."""
        return resize(self.head(self.standardised(pyramid)), size_px)

    def standardised(self, pyramid: FeaturePyramid) -> Tensor:
        """The levels that it reads, standardised, ``[b, c, h, w]`` at the size of the finest one."""
        maps = self.standardiser(self.read(pyramid).maps)
        size = max((m.shape[-2], m.shape[-1]) for m in maps)
        return torch.cat(
            [m if m.shape[-2:] == size else F.interpolate(m, size, mode="bilinear") for m in maps], dim=1
        )

    def head(self, features: Tensor) -> Tensor:
        """Logits ``[b, k, h, w]`` of standardised features ``[b, c, h, w]``."""
        x = F.gelu(self.first(F.dropout2d(features, self.dropout, self.training)))
        logits: Tensor = self.last(F.gelu(self.second(x)))
        return logits
