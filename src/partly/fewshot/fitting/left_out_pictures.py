"""How good ridge regression is, from its labels alone: left-out pictures, and two halves of its features.

Leaving a picture out needs no pass over the others: their sums are those of all less its own (Allen, "The
relationship between variable selection and data augmentation and a method for prediction", Technometrics
1974, has it for single rows). What one picture alone shows cannot be left out. There, two segmenters that see
other halves of the features are compared on pictures without labels. Where two views of the data are
independent, their agreement bounds their error (Dasgupta, Littman and McAllester, "PAC generalization bounds
for co-training", NIPS 2001); halves of one network's features are not, so that it only ranks (docs/lab.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from partly.data.labels import PartSet
from partly.fewshot.fitting.label_quality import LabelQuality, PartQuality
from partly.fewshot.fitting.part_overlaps import Overlaps
from partly.fewshot.fitting.ridge_fit import RidgeFit
from partly.fewshot.segmenters.ridge_segmenter import RidgeSegmenter
from partly.models import FeaturePyramid

LayoutOf = Callable[[Sequence[Tensor]], Tensor]
"""Spatial prior ``[k, g, g]`` of labels, each as shares ``[g², k]``."""

_LEAST_PARTS = 2


@torch.no_grad()
def left_out_iou(
    fits: Sequence[RidgeFit],
    covered: Mapping[str, Tensor],
    pyramid_of: Callable[[str], FeaturePyramid],
    layout_of: LayoutOf | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Overlaps | None:
    """Leave each labelled picture out in turn, and compare what the others say of it with its labels.

    Equal to fits of the other pictures, without self-training. What no other picture shows cannot be known
    from them: such cells of a picture are left out of the count, and the picture where the others know fewer
    than two parts.

    Args:
        fits: members of an ensemble, or one; all with the same pictures taken in.
        covered: ``shares(label_map, n_parts, grid_px)`` of each picture by name.
        pyramid_of: the features of a picture, as the segmenters read them.
        layout_of: the spatial prior of labels; None: parts may be anywhere.
        should_stop: asked before each picture.

    Returns:
        Overlaps of all pictures; None if stopped.
    """
    total = Overlaps.none(fits[0].segmenter.n_parts)
    if len(covered) < 2:
        return total
    for solved in zip(*(fit.left_out() for fit in fits), strict=True):
        if should_stop is not None and should_stop():
            return None
        name, segmenters = solved[0][0], [segmenter for _, segmenter in solved]
        others = [shares for other, shares in covered.items() if other != name]
        known = _shown(others)
        if int(known.sum()) < _LEAST_PARTS:
            continue
        layout = None if layout_of is None else layout_of(others)
        best = _best(segmenters, pyramid_of(name), fits[0].grid_px, known, layout)
        total += Overlaps.of(best, covered[name] * known)
    return total


@torch.no_grad()
def half_agreement(
    fits: Sequence[RidgeFit],
    covered: Mapping[str, Tensor],
    others: Iterable[FeaturePyramid],
    layout_of: LayoutOf | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Overlaps | None:
    """Fit on each half of the features, and compare what the two say of pictures without labels.

    Args:
        fits: members of an ensemble, or one.
        covered: as for :func:`left_out_iou`.
        others: features of pictures without labels, made as they are asked for.
        layout_of: the spatial prior of labels; None: parts may be anywhere.
        should_stop: asked before each picture.

    Returns:
        Overlaps of all pictures; None if stopped.
    """
    halves = list(zip(*(fit.halves() for fit in fits), strict=True))
    known = _shown(list(covered.values()))
    layout = None if layout_of is None else layout_of(list(covered.values()))
    total = Overlaps.none(fits[0].segmenter.n_parts)
    for pyramid in others:
        if should_stop is not None and should_stop():
            return None
        first, second = (_best(half, pyramid, fits[0].grid_px, known, layout) for half in halves)
        total += Overlaps.of(first, F.one_hot(second, len(known)))
    return total


def needs_halves(covered: Mapping[str, Tensor], left_out: Overlaps) -> bool:
    """Whether a part has labels, but no IoU on left-out pictures: one picture alone shows it."""
    return bool((_shown(list(covered.values())) & (left_out.n_shown == 0)).any())


def quality_by_part(
    part_set: PartSet,
    covered: Mapping[str, Tensor],
    left_out: Overlaps,
    halves: Overlaps | None = None,
) -> LabelQuality:
    """What two measures say of each part.

    Args:
        part_set: the parts.
        covered: as for :func:`left_out_iou`.
        left_out: what that gave.
        halves: what :func:`half_agreement` gave; None: not asked for.
    """
    parts = []
    n_labels = torch.stack([shares.any(0) for shares in covered.values()]).sum(0).tolist()
    for i, name in enumerate(part_set.names):
        if left_out.n_shown[i]:
            figure = float(left_out.iou[i])
            parts.append(PartQuality(name, "left out", figure, int(left_out.n_shown[i])))
        elif halves is not None and n_labels[i] and halves.unions[i]:
            parts.append(PartQuality(name, "two halves", float(halves.iou[i]), halves.n_pictures))
        else:
            parts.append(PartQuality(name, "nothing", None, int(n_labels[i])))
    return LabelQuality(tuple(parts), len(covered))


def _best(
    segmenters: Sequence[RidgeSegmenter],
    pyramid: FeaturePyramid,
    grid_px: int,
    known: Tensor,
    layout: Tensor | None,
) -> Tensor:
    """Ids ``[g²]`` of the most likely of the known parts, by the mean of the members' soft predictions.

    They are on the processor, as labels are, whatever device the segmenters are on.

    Args:
        segmenters: the members.
        pyramid: of one picture.
        grid_px: side ``g`` of the grid.
        known: which parts may be chosen, boolean ``[k]``.
        layout: spatial prior, ``[k, g, g]``, in place of what the segmenters hold.
    """
    soft = torch.zeros(len(known), grid_px, grid_px)
    for segmenter in segmenters:
        logits = segmenter.logits(pyramid, grid_px)[0].cpu()
        if layout is not None:
            logits = logits + layout
        soft += logits.masked_fill(~known[:, None, None], -torch.inf).softmax(0)
    return soft.argmax(0).flatten()


def _shown(covered: Sequence[Tensor]) -> Tensor:
    """Which parts have a label, boolean ``[k]``."""
    return torch.stack([shares.any(0) for shares in covered]).any(0)
