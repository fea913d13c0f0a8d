"""Features of the wall: pictures that nobody paints, on which one sees what the segmenter has understood."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from torch import Tensor

from partly.data.labels import UNLABELLED, Picture, Pictured, is_same_picture
from partly.errors import BadOption
from partly.fewshot.features import FeatureSource, as_kept, at_most, pyramid_of
from partly.fewshot.segmenters import Moments, RidgeSegmenter
from partly.models import FeaturePyramid, on_grid
from partly.models.generators import Truncation
from partly.storage import picture_seed
from partly.studio.live.live_predictions import Bytes, read_off

OnProgress = Callable[[int, int], None]
ShouldStop = Callable[[], bool]
ValueT = TypeVar("ValueT")

_TRUNCATION = Truncation(0.7, 0.7)
_FEATURES_PX = 64
_PREDICTION_PX = 128


def usual_wall(source: FeatureSource, n_pictures: int) -> tuple[Picture, ...]:
    """The pictures of a wall, named "wall-0" and so on; the same ones in every session.

    Raises:
        BadOption: fewer than one picture.
    """
    if n_pictures < 1:
        raise BadOption(f"a wall of {n_pictures} pictures", expected="1 or more: statistics come from them")
    seed = picture_seed("wall")
    some = (source.plain("wall", seed, i, _TRUNCATION) for i in range(at_most(source, n_pictures)))
    return tuple(replace(picture, id=f"wall-{i}") for i, picture in enumerate(some))


class WallFeatures:
    """Pictures and their features, which are read one by one.

    Features are kept in half precision, levels finer than 64 px averaged to 64 px: 15 MB a picture for the
    face generator of 1024 px, 350 MB for 24; 120 MB for 24 photos and DINOv2's small network at 560 px.

    Args:
        source: makes the features.
        level_indexes: which levels are kept.
        pictures: those of the wall.
    """

    def __init__(
        self, source: FeatureSource, level_indexes: Sequence[int], pictures: Sequence[Picture]
    ) -> None:
        self._source, self._indexes = source, tuple(level_indexes)
        self._pictures = list(pictures)
        self._features: dict[int, FeaturePyramid] = {}
        self._moments: dict[int, Moments] = {}

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The pictures, in order."""
        return tuple(self._pictures)

    @property
    def n_read(self) -> int:
        """How many have their features."""
        return len(self._features)

    @property
    def unread(self) -> list[int]:
        """Places of those that have none yet."""
        return [place for place in range(len(self._pictures)) if place not in self._features]

    @property
    def moments(self) -> Moments | None:
        """Mean and mean square of every channel, over all pictures that were read; None: over none."""
        some = [self._moments[place] for place in sorted(self._moments)]
        return sum(some[1:], some[0]) if some else None

    def read(self, place: int) -> None:
        """Make the features of a picture, unless they are there."""
        if place not in self._features:
            pyramid = pyramid_of(self._source, self._pictures[place], self._indexes).select(self._indexes)
            self._moments[place] = Moments.of(pyramid)
            self._features[place] = in_little_room(pyramid)

    def replace(self, place: int, picture: Picture) -> None:
        """Put another picture in the place of one; it is still to be read."""
        self._pictures[place] = picture
        self._features.pop(place, None)
        self._moments.pop(place, None)

    def remove(self, place: int) -> None:
        """Take a picture off the wall; those behind it move up."""
        del self._pictures[place]
        self._features = _without(self._features, place)
        self._moments = _without(self._moments, place)

    def predict(
        self, segmenter: RidgeSegmenter, shown: Tensor, should_stop: ShouldStop | None
    ) -> tuple[Bytes, Bytes] | None:
        """Labels and doubt of all pictures, uint8 ``[n, t, t]``, at 128 px or their size where that is less.

        A picture that was not read yet is unlabelled, without doubt.

        Args:
            segmenter: reads all levels that are kept.
            shown: ids of the parts that may be chosen.
            should_stop: asked before each picture; if it says so, the result is None.
        """
        size_px = min(_PREDICTION_PX, self._source.image_size_px)
        labels = np.full((len(self._pictures), size_px, size_px), UNLABELLED, np.uint8)
        doubt = np.zeros_like(labels)
        for place in self._features:
            if should_stop is not None and should_stop():
                return None
            said = read_off(segmenter(self._whole(place), size_px), shown)
            labels[place], doubt[place] = said[0][0], said[1][0]
        return labels, doubt

    def features(self, but: Sequence[Pictured] = ()) -> Iterator[FeaturePyramid]:
        """Those that were read, but of pictures that are labelled."""
        for place in self._features:
            if not any(is_same_picture(self._pictures[place], other) for other in but):
                yield self._whole(place)

    def _whole(self, place: int) -> FeaturePyramid:
        return FeaturePyramid(tuple(m.float() for m in self._features[place].maps))


def in_little_room(pyramid: FeaturePyramid) -> FeaturePyramid:
    """In half precision, levels finer than 64 px averaged to 64 px."""
    return FeaturePyramid(tuple(map(_kept, pyramid.maps)))


def _without(known: Mapping[int, ValueT], place: int) -> dict[int, ValueT]:
    """What is known of places when one of them is no more, and those behind it moved up."""
    return {before - (before > place): value for before, value in known.items() if before != place}


def _kept(level: Tensor) -> Tensor:
    small = on_grid(level, _FEATURES_PX) if max(level.shape[2:]) > _FEATURES_PX else level
    return as_kept(small)
