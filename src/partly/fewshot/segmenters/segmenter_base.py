"""What every few-shot segmenter is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from partly.errors import BadOption
from partly.fewshot.segmenters.standardiser import Standardiser
from partly.machine import full_precision
from partly.models import FeaturePyramid, Level, resize

LAYOUT_PX = 64
"""Side of the grid on which a layout is kept."""


class FewShotSegmenter(nn.Module, ABC):
    """Feature pyramid to logits; never sees a generator.

    Attributes:
        n_parts: number ``k`` of parts, background included.
        level_indexes: which levels of the whole pyramid it reads, coarse to fine.
        n_channels: channels of those levels.
        layout: spatial prior, added to the logits at each place, ``[k, LAYOUT_PX, LAYOUT_PX]``: where parts
            may lie. 0 until it is set; see :func:`partly.fewshot.fitting.layout_of`.
    """

    layout: Tensor

    def __init__(self, n_parts: int, level_indexes: Sequence[int], n_channels: Sequence[int]) -> None:
        super().__init__()
        if len(level_indexes) != len(n_channels) or not level_indexes:
            raise BadOption(
                f"{len(level_indexes)} levels with {len(n_channels)} channel numbers", expected="one for each"
            )
        self.n_parts = n_parts
        self.level_indexes = tuple(level_indexes)
        self.n_channels = tuple(n_channels)
        self.register_buffer("layout", torch.zeros(n_parts, LAYOUT_PX, LAYOUT_PX))

    def forward(self, pyramid: FeaturePyramid, size_px: int) -> Tensor:
        """Logits ``[b, k, size_px, size_px]`` of a whole pyramid; their softmax are soft labels.

        They are computed in float32, also where networks around it compute in halves: they are sums of
        thousands of terms, and little work.
        """
        with full_precision(self.layout.device):
            return self.logits(pyramid, size_px) + resize(self.layout[None], size_px)

    @abstractmethod
    def logits(self, pyramid: FeaturePyramid, size_px: int) -> Tensor:
        """As :meth:`forward`, from features alone: without the layout."""

    @abstractmethod
    def arguments(self) -> dict[str, Any]:
        """Constructor arguments as plain JSON values."""

    def standardise_as(self, standardiser: Standardiser) -> None:
        """Take over mean and deviation of the levels that it reads."""
        for module in self.modules():
            if isinstance(module, Standardiser):
                module.load_state_dict(standardiser.state_dict())

    def read(self, pyramid: FeaturePyramid) -> FeaturePyramid:
        """The levels that this segmenter reads.

        Raises:
            BadOption: the pyramid lacks a level, or a level has other channels than the segmenter learned.
        """
        if max(self.level_indexes) >= len(pyramid):
            raise BadOption(
                f"a pyramid of {len(pyramid)} levels", expected=f"at least {max(self.level_indexes) + 1}"
            )
        chosen = pyramid.select(self.level_indexes)
        found = tuple(m.shape[1] for m in chosen.maps)
        if found != self.n_channels:
            raise BadOption(
                f"levels of {list(found)} channels",
                expected=f"{list(self.n_channels)}",
                remedy="Use the generator that the segmenter was fitted on",
            )
        return chosen


def choose_levels(levels: Sequence[Level], sizes_px: Sequence[int]) -> tuple[int, ...]:
    """Indexes of the levels of the given sizes.

    Raises:
        BadOption: no level has one of the sizes.
    """
    known = sorted({level.size_px for level in levels})
    if unknown := sorted(set(sizes_px) - set(known)):
        raise BadOption(f"levels of {unknown} px", expected=f"sizes among {known}")
    return tuple(i for i, level in enumerate(levels) if level.size_px in set(sizes_px))
