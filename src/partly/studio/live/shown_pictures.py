"""Features of the pictures that are painted, at hand while they are on the page."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from partly.data.labels import Pictured
from partly.fewshot.features import FeatureSource, pyramid_of
from partly.fewshot.segmenters import Moments, RidgeSegmenter
from partly.models import FeaturePyramid

_N_KEPT = 3


@dataclass(frozen=True, eq=False)
class _Read:
    picture: Pictured
    pyramid: FeaturePyramid


class ShownPictures:
    """The last three pictures' levels at their own sizes, and the rows of the one that was read last.

    For the face generator of 1024 px these are 55 MB a picture, and 42 MB.
    """

    def __init__(self, source: FeatureSource, level_indexes: Sequence[int], grid_px: int) -> None:
        self._source, self._indexes, self._grid_px = source, tuple(level_indexes), grid_px
        self._pictures: OrderedDict[str, _Read] = OrderedDict()
        self._rows: tuple[_Read, Tensor] | None = None

    def has(self, picture: Pictured) -> bool:
        """Whether this picture is at hand, under its id."""
        known = self._pictures.get(picture.id)
        return known is not None and _is_the_very_same(known.picture, picture)

    def show(self, picture: Pictured) -> FeaturePyramid:
        """Its levels, from now on at hand; the picture shown longest ago goes."""
        if not self.has(picture):
            self._pictures[picture.id] = _Read(picture, self.made(picture))
        self._pictures.move_to_end(picture.id)
        while len(self._pictures) > _N_KEPT:
            self._pictures.popitem(last=False)
        return self._pictures[picture.id].pyramid

    def rows(self, picture: Pictured, segmenter: RidgeSegmenter) -> Tensor:
        """Rows ``[g², d]`` of any picture; kept if the picture is at hand, until another one's are read."""
        if not self.has(picture):
            return segmenter.rows(self.made(picture), self._grid_px)
        read = self._pictures[picture.id]
        if self._rows is None or self._rows[0] is not read:
            self._rows = None  # lets go of the old ones before there are others
            self._rows = (read, segmenter.rows(read.pyramid, self._grid_px))
        return self._rows[1]

    def moments(self) -> Moments | None:
        """Mean and mean square of every channel of those at hand; None where there is none."""
        some = [Moments.of(read.pyramid) for read in self._pictures.values()]
        return sum(some[1:], some[0]) if some else None

    def forget_rows(self) -> None:
        """Let go of the rows: features are scaled otherwise from now on."""
        self._rows = None

    def read(self, picture: Pictured) -> FeaturePyramid:
        """The levels of any picture; made if it is not at hand, and not kept then."""
        return self._pictures[picture.id].pyramid if self.has(picture) else self.made(picture)

    def made(self, picture: Pictured) -> FeaturePyramid:
        """The levels of a picture that is not kept."""
        return pyramid_of(self._source, picture, self._indexes).select(self._indexes)


def _is_the_very_same(one: Pictured, other: Pictured) -> bool:
    """Whether all that the features of both depend on is equal to the bit."""
    same_latent = one.w is other.w if one.w is None or other.w is None else np.array_equal(one.w, other.w)
    return same_latent and one.photo_sha256 == other.photo_sha256
