"""Features of the wall: pictures that nobody paints, on which one sees what the segmenter has understood."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from partly.errors import BadOption
from partly.fewshot.fitting import pyramid_of
from partly.fewshot.segmenters import Moments, RidgeSegmenter
from partly.models import FeaturePyramid, on_grid
from partly.models.generators import Generator, Truncation, sample_w
from partly.studio.live.live_predictions import Bytes, read_off

OnProgress = Callable[[int, int], None]
ShouldStop = Callable[[], bool]

# A stream of its own, so that these are never the pictures that are proposed or that statistics come from.
_SEED = 20_210_620
_TRUNCATION = Truncation(0.7, 0.7)
_FEATURES_PX = 64
_PREDICTION_PX = 128
_HALF_MOST = 65_504.0


@dataclass(frozen=True)
class WallPicture:
    """One picture of the wall.

    Attributes:
        id: "wall-0" and so on.
        w: its latent, float32 ``[l, v]``.
    """

    id: str
    w: NDArray[np.float32]


class WallFeatures:
    """Pictures and their features.

    Features are kept in half precision, levels finer than 64 px averaged to 64 px: 15 MB a picture for the
    face generator of 1024 px, 350 MB for 24.

    Attributes:
        pictures: ids and latents; the same ones in every session.

    Raises:
        BadOption: fewer than one picture.
    """

    def __init__(self, generator: Generator, level_indexes: Sequence[int], n_pictures: int) -> None:
        if n_pictures < 1:
            raise BadOption(
                f"a wall of {n_pictures} pictures", expected="1 or more: statistics come from them"
            )
        self._generator, self._indexes = generator, tuple(level_indexes)
        latents = [sample_w(generator, _SEED, i, _TRUNCATION)[0] for i in range(n_pictures)]
        self.pictures = tuple(WallPicture(f"wall-{i}", w.numpy().copy()) for i, w in enumerate(latents))
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
            w = torch.from_numpy(picture.w)[None]
            pyramid = pyramid_of(self._generator, w, self._indexes).select(self._indexes)
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
        size_px = min(_PREDICTION_PX, self._generator.image_size_px)
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
