"""How good the live segmenter is for each part, told from what is painted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from partly.data.labels import PartSet, Pictured
from partly.fewshot.features import KeptPyramids
from partly.fewshot.fitting import (
    LabelQuality,
    RidgeFit,
    half_agreement,
    layout_of_shares,
    left_out_iou,
    needs_halves,
    quality_by_part,
)
from partly.models import FeaturePyramid
from partly.studio.live.wall_features import ShouldStop, in_little_room


@dataclass(frozen=True, eq=False)
class Painted:
    """A picture that was painted on.

    Attributes:
        picture: what features are made of.
        covered: how much of each cell each part covers, ``[g², k]``.
    """

    picture: Pictured
    covered: Tensor


class LiveQuality:
    """Leaves out the painted pictures one by one; their features are kept, 300 MB of them at most.

    These are in half precision, as those of the wall.

    Args:
        made: gives the levels of a picture that the segmenter reads.
    """

    def __init__(self, made: Callable[[Pictured], FeaturePyramid]) -> None:
        self._pictures: dict[str, Pictured] = {}
        self._kept = KeptPyramids(lambda key: in_little_room(made(self._pictures[key])))

    @torch.no_grad()
    def measured(
        self,
        fit: RidgeFit,
        painted: Mapping[str, Painted],
        others: Iterable[FeaturePyramid],
        part_set: PartSet,
        spread: float | None,
        should_stop: ShouldStop | None,
    ) -> LabelQuality | None:
        """What the labels say of each part; None if stopped.

        Args:
            fit: of exactly these pictures.
            painted: by their ids.
            others: features of pictures without labels, made as they are asked for.
            part_set: the parts.
            spread: of the spatial prior; None: parts may be anywhere.
            should_stop: asked before each picture.
        """
        covered = {id: one.covered for id, one in painted.items()}
        layout = None if spread is None else partial(layout_of_shares, part_set=part_set, spread=spread)
        left_out = left_out_iou(
            [fit], covered, lambda id: self._pyramid(painted[id].picture), layout, should_stop
        )
        if left_out is None:
            return None
        if not needs_halves(covered, left_out):
            return quality_by_part(part_set, covered, left_out)
        halves = half_agreement([fit], covered, others, layout, should_stop)
        return None if halves is None else quality_by_part(part_set, covered, left_out, halves)

    def _pyramid(self, picture: Pictured) -> FeaturePyramid:
        # Another picture may be painted under the same id.
        latent = "" if picture.w is None else hashlib.sha256(picture.w.tobytes()).hexdigest()
        key = f"{picture.id} {picture.photo_sha256} {latent}"
        self._pictures[key] = picture
        return FeaturePyramid(tuple(level.float() for level in self._kept(key).maps))
