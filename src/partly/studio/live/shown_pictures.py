"""Features of the pictures that are painted, at hand while they are on the page."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from partly.fewshot.fitting import pyramid_of
from partly.fewshot.segmenters import RidgeSegmenter
from partly.models import FeaturePyramid
from partly.models.generators import Generator

_N_KEPT = 3


@dataclass(frozen=True, eq=False)
class _Picture:
    w: NDArray[np.float32]
    pyramid: FeaturePyramid


class ShownPictures:
    """The last three pictures' levels at their own sizes, and the rows of the one that was read last.

    For the face generator of 1024 px these are 55 MB a picture, and 42 MB.
    """

    def __init__(self, generator: Generator, level_indexes: Sequence[int], grid_px: int) -> None:
        self._generator, self._indexes, self._grid_px = generator, tuple(level_indexes), grid_px
        self._pictures: OrderedDict[str, _Picture] = OrderedDict()
        self._rows: tuple[_Picture, Tensor] | None = None

    def has(self, name: str, w: NDArray[np.float32]) -> bool:
        """Whether the picture of this name and latent is at hand."""
        known = self._pictures.get(name)
        return known is not None and np.array_equal(known.w, w)

    def show(self, name: str, w: NDArray[np.float32]) -> FeaturePyramid:
        """The levels of the picture ``w [l, v]``, from now on at hand; the picture shown longest ago goes."""
        if not self.has(name, w):
            self._pictures[name] = _Picture(np.array(w), self.made(w))
        self._pictures.move_to_end(name)
        while len(self._pictures) > _N_KEPT:
            self._pictures.popitem(last=False)
        return self._pictures[name].pyramid

    def rows(self, name: str, w: NDArray[np.float32], segmenter: RidgeSegmenter) -> Tensor:
        """Rows ``[g², d]`` of any picture; kept if the picture is at hand, until another one's are read."""
        if not self.has(name, w):
            return segmenter.rows(self.made(w), self._grid_px)
        picture = self._pictures[name]
        if self._rows is None or self._rows[0] is not picture:
            self._rows = None  # lets go of the old ones before there are others
            self._rows = (picture, segmenter.rows(picture.pyramid, self._grid_px))
        return self._rows[1]

    def made(self, w: NDArray[np.float32]) -> FeaturePyramid:
        """The levels of a picture that is not kept."""
        latent = torch.from_numpy(np.array(w, np.float32))[None]
        return pyramid_of(self._generator, latent, self._indexes).select(self._indexes)
