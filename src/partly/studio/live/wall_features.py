"""Features of the wall: pictures that nobody paints, on which one sees what the segmenter has understood."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from torch import Tensor

from partly.errors import BadOption
from partly.fewshot.features import FeatureSource, at_most, pyramid_of
from partly.fewshot.segmenters import Moments, RidgeSegmenter
from partly.models import FeaturePyramid, on_grid
from partly.models.generators import Truncation
from partly.storage import picture_seed
from partly.studio.live.live_predictions import Bytes, read_off

OnProgress = Callable[[int, int], None]
ShouldStop = Callable[[], bool]

_TRUNCATION = Truncation(0.7, 0.7)
_FEATURES_PX = 64
_PREDICTION_PX = 128
_HALF_MOST = 65_504.0


class WallFeatures:
    """Pictures and their features.

    Features are kept in half precision, levels finer than 64 px averaged to 64 px: 15 MB a picture for the
    face generator of 1024 px, 350 MB for 24.

    Attributes:
        pictures: named "wall-0" and so on; the same ones in every session.

    Raises:
        BadOption: fewer than one picture.
    """

    def __init__(self, source: FeatureSource, level_indexes: Sequence[int], n_pictures: int) -> None:
        if n_pictures < 1:
            raise BadOption(
                f"a wall of {n_pictures} pictures", expected="1 or more: statistics come from them"
            )
        self._source, self._indexes = source, tuple(level_indexes)
        seed = picture_seed("wall")
        some = (source.plain("wall", seed, i, _TRUNCATION) for i in range(at_most(source, n_pictures)))
        self.pictures = tuple(replace(picture, id=f"wall-{i}") for i, picture in enumerate(some))
        self._features: list[FeaturePyramid] = []
        self._moments: list[Moments] = []

    @property
    def is_ready(self) -> bool:
        """Whether all features are there."""
        return len(self._features) == len(self.pictures)

    @property
    def moments(self) -> Moments:
        """Mean and mean square of every channel, over all pictures at the levels' own sizes."""
        return sum(self._moments[1:], self._moments[0])

    def read(self, on_progress: OnProgress | None, should_stop: ShouldStop | None) -> None:
        """Make the features; what an earlier, stopped call made is not made again.

        Args:
            on_progress: told how many are there, and of how many.
            should_stop: asked before each picture.
        """
        for picture in self.pictures[len(self._features) :]:
            if should_stop is not None and should_stop():
                return
            pyramid = pyramid_of(self._source, picture, self._indexes).select(self._indexes)
            self._moments.append(Moments.of(pyramid))
            self._features.append(FeaturePyramid(tuple(map(_kept, pyramid.maps))))
            if on_progress is not None:
                on_progress(len(self._features), len(self.pictures))

    def predict(
        self, segmenter: RidgeSegmenter, shown: Tensor, should_stop: ShouldStop | None
    ) -> tuple[Bytes, Bytes] | None:
        """Labels and doubt of all pictures, uint8 ``[n, t, t]``, at 128 px or their size where that is less.

        Args:
            segmenter: reads all levels that are kept.
            shown: ids of the parts that may be chosen.
            should_stop: asked before each picture; if it says so, the result is None.
        """
        size_px = min(_PREDICTION_PX, self._source.image_size_px)
        said = []
        for features in self._features:
            if should_stop is not None and should_stop():
                return None
            whole = FeaturePyramid(tuple(m.float() for m in features.maps))
            said.append(read_off(segmenter(whole, size_px), shown))
        labels, doubt = zip(*said, strict=True)
        return np.concatenate(labels), np.concatenate(doubt)


def _kept(level: Tensor) -> Tensor:
    small = on_grid(level, _FEATURES_PX) if level.shape[-1] > _FEATURES_PX else level
    return small.clamp(-_HALF_MOST, _HALF_MOST).half()
