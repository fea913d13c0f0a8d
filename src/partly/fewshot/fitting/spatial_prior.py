"""Where parts may lie: near where labels show them. Keeps clothes out of the sky.

A generator puts its object into the same place of every picture, so a label says where a part can be, not
only what it looks like. A segmenter's coordinates know this too, but only as a curve of second degree.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from partly.data.labels import LabelMap, PartSet
from partly.fewshot.fitting.cell_targets import shares
from partly.fewshot.segmenters.segmenter_base import LAYOUT_PX

AS_GOOD_AS_IMPOSSIBLE = -50.0
"""Logit of a part that is far away; what is beyond needs no larger number."""


def layout_of(label_maps: Sequence[LabelMap], part_set: PartSet, spread: float) -> Tensor:
    """Logits ``[k, LAYOUT_PX, LAYOUT_PX]``, 0 where a label shows the part, less the further away.

    ``-d² / (2 spread²)`` at the distance ``d`` from the nearest place at which a label, or a label mirrored,
    shows the part: the logarithm of the highest of Gaussians that stand on all these places. What nobody
    labelled may be anything.

    Args:
        label_maps: uint8 ``[h, w]`` each, 255 where unlabelled.
        part_set: says what parts become in a mirrored picture.
        spread: standard deviation, as a share of the picture's side.
    """
    covered = [shares(label_map, part_set.n_parts, LAYOUT_PX) for label_map in label_maps]
    return layout_of_shares(covered, part_set, spread)


def layout_of_shares(covered: Sequence[Tensor], part_set: PartSet, spread: float) -> Tensor:
    """As :func:`layout_of`, from ``shares(…, LAYOUT_PX)`` of every label: ``[LAYOUT_PX², k]`` each."""
    seen = torch.zeros(part_set.n_parts, LAYOUT_PX, LAYOUT_PX, dtype=torch.bool)
    mirrored = list(part_set.mirror_permutation())
    for of_label in covered:
        # Half a pixel in a thousand is rounding, not something left unlabelled.
        open_to_all = of_label.sum(1, keepdim=True) < 1 - 1e-3
        here = ((of_label > 0) | open_to_all).T.unflatten(1, (LAYOUT_PX, LAYOUT_PX))
        seen |= here | here.flip(-1)[mirrored]
    squared = squared_distances(seen) / LAYOUT_PX**2
    return (-squared / (2 * spread**2)).clamp_min(AS_GOOD_AS_IMPOSSIBLE)


def squared_distances(places: Tensor) -> Tensor:
    """Squared distances in cells to the nearest true cell of ``places [k, s, s]``; infinite where none is.

    Columns first, then rows, since squared distances add up (Felzenszwalb and Huttenlocher, 2012, section 3).
    """
    ticks = torch.arange(places.shape[-1], dtype=torch.float32)
    steps = (ticks[:, None] - ticks).square()
    start = torch.zeros(places.shape).masked_fill_(~places, torch.inf)
    return _lowest_sums(_lowest_sums(start, steps).mT, steps).mT


def _lowest_sums(values: Tensor, steps: Tensor) -> Tensor:
    """For each row ``i`` the minimum over rows ``j`` of ``values [k, s, s]`` plus ``steps[i, j]``."""
    lowest = torch.full_like(values, torch.inf)
    # Row by row takes a twentieth of the time of all sums at once, which leave the cache.
    for row, away in zip(values.unbind(1), steps, strict=True):
        torch.minimum(lowest, row[:, None] + away[:, None], out=lowest)
    return lowest
