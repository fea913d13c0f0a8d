"""Which pictures to label next for one part: those on which the segmenter is least sure of that part."""

from __future__ import annotations

from collections.abc import Callable

import torch

from partly.data.labels import Picture
from partly.fewshot.acquisition.unsure_pictures import GRID_PX
from partly.fewshot.features.feature_source import FeatureSource
from partly.fewshot.segmenters.picture_uncertainty import uncertainty_of_part
from partly.fewshot.segmenters.segmenter_base import FewShotSegmenter


def doubt_about(source: FeatureSource, segmenter: FewShotSegmenter, part: int) -> Callable[[Picture], float]:
    """How unsure a segmenter is of one part of a picture, in [0, 1]; for :func:`least_sure`.

    Args:
        source: has the pictures.
        segmenter: fitted on pictures of this source.
        part: id of the part.
    """
    finest_px = max(source.levels[i].size_px for i in segmenter.level_indexes)

    @torch.no_grad()
    def doubt_of(picture: Picture) -> float:
        return float(uncertainty_of_part(segmenter(source.pyramid(picture, finest_px), GRID_PX), part))

    return doubt_of
