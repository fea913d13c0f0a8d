"""Several segmenters as one: their mean prediction, and how much they disagree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from partly.errors import BadOption
from partly.fewshot.segmenters.segmenter_base import FewShotSegmenter
from partly.models import FeaturePyramid


class EnsembleSegmenter(FewShotSegmenter):
    """Mean of the members' soft labels, as log-probabilities."""

    def __init__(self, members: Sequence[FewShotSegmenter]) -> None:
        if not members:
            raise BadOption("an ensemble of no segmenters", expected="one member or more")
        if len({member.n_parts for member in members}) != 1:
            raise BadOption("members with different numbers of parts", expected="one part set")
        channels = {
            i: c for member in members for i, c in zip(member.level_indexes, member.n_channels, strict=True)
        }
        indexes = sorted(channels)
        super().__init__(members[0].n_parts, indexes, [channels[i] for i in indexes])
        self.members = nn.ModuleList(members)
        # Its own layout lies where those of its members do.
        self.layout = self.layout.to(members[0].layout.device)

    def arguments(self) -> dict[str, Any]:
        """Constructor arguments; the members' kinds and arguments are added by the catalogue."""
        return {}

    def member_predictions(self, pyramid: FeaturePyramid, size_px: int) -> Tensor:
        """Log-probabilities of each member, ``[m, b, k, size_px, size_px]``."""
        return torch.stack([member(pyramid, size_px).log_softmax(1) for member in self.members])

    def logits(self, pyramid: FeaturePyramid, size_px: int) -> Tensor:
        """Log of the mean soft label, ``[b, k, size_px, size_px]``."""
        predictions = self.member_predictions(pyramid, size_px)
        return predictions.logsumexp(0) - torch.log(torch.tensor(float(len(predictions))))
