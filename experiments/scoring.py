"""Figures of segmenters and networks on unseen pictures and on photos, in per cent."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from experiments.experiment import Figures
from experiments.photos import LabelledPhoto
from experiments.protocol import PARTS_OF_IDS
from experiments.unseen_pictures import UnseenPicture
from partly.data.labels import FACE_PARTS, PartSet, resize_label_map
from partly.data.photos import resize_pixels
from partly.evaluation.metrics import Evaluation
from partly.evaluation.segmentation import EvaluationPair, TruthMapping, evaluate
from partly.fewshot.segmenters import FewShotSegmenter
from partly.inference.segment import PartNetwork, ViewOptions, segment_photo
from partly.models import resize
from partly.models.generators import Generator

LabelMap = NDArray[np.uint8]
Predict = Callable[[UnseenPicture], LabelMap]


def figures_of(evaluation: Evaluation) -> Figures:
    """Pooled IoU, IoU per picture with its deviation over pictures, and pooled IoU of each part."""
    means = [photo.mean_iou for photo in evaluation.photos if not math.isnan(photo.mean_iou)]
    return {
        "pooled": _percent(evaluation.mean_iou.pooled),
        "per_picture": _percent(evaluation.mean_iou.per_photo),
        "spread": _percent(float(np.std(means))),
        "n_pictures": len(means),
        "parts": {part.name: _percent(part.iou) for part in evaluation.parts},
    }


def unseen_figures(predict: Predict, unseen: Iterable[UnseenPicture]) -> Figures:
    """Agreement of predicted label maps with the parser's on unseen pictures."""
    pairs = (EvaluationPair(one.name, None, predict(one), one.truth) for one in unseen)
    return figures_of(evaluate(pairs, FACE_PARTS, n_worst=0))


def by_segmenter(
    generator: Generator, segmenter: FewShotSegmenter, size_px: int, logits_px: int | None = None
) -> Predict:
    """Label maps that a few-shot segmenter gives pictures of ``generator``.

    Args:
        generator: of the pictures.
        segmenter: of its features.
        size_px: side of the label maps.
        logits_px: side at which logits are computed, to be enlarged then; None: ``size_px``.
    """
    finest_px = max(generator.levels[i].size_px for i in segmenter.level_indexes)

    def predict(picture: UnseenPicture) -> LabelMap:
        with torch.inference_mode():
            pyramid = generator.synthesise(picture.w, features_px=finest_px, images=False).pyramid
            logits = resize(segmenter(pyramid, logits_px or size_px), size_px)
            return logits.argmax(1)[0].byte().numpy()

    return predict


def by_network(network: PartNetwork) -> Predict:
    """Label maps that an auto-shot network gives pictures, as if they were photos."""
    return lambda picture: segment_photo(network, picture.pixels).label_map


def photo_figures(
    network: PartNetwork, photos: Iterable[LabelledPhoto], size_px: int, *, mirror_average: bool = True
) -> Figures:
    """Figures on photos, brought to ``size_px`` first, with eyeglasses left out of the count.

    Args:
        network: segments them.
        photos: with truth.
        size_px: side of photos and label maps.
        mirror_average: show the network each photo mirrored, too.
    """
    pairs = photo_pairs(network, photos, size_px, mirror_average=mirror_average)
    return figures_of(evaluate(pairs, FACE_PARTS, n_worst=0))


def photo_pairs(
    network: PartNetwork,
    photos: Iterable[LabelledPhoto],
    size_px: int,
    *,
    mirror_average: bool = True,
    thorough: bool = False,
) -> Iterator[EvaluationPair]:
    """Each photo of :func:`photo_figures`, brought to ``size_px``, with what is found and the truth.

    With ``thorough`` it is looked at as ``partly segment --thorough`` does.
    """
    view = ViewOptions(mirror=mirror_average, thorough=thorough).view()
    mapping = TruthMapping(PARTS_OF_IDS, FACE_PARTS)
    for photo in photos:
        pixels = resize_pixels(photo.pixels, size_px, size_px)
        truth = resize_label_map(mapping.apply(photo.ids, photo.name), (size_px, size_px))
        found = segment_photo(network, pixels, **view)
        yield EvaluationPair(photo.name, partial(np.asarray, pixels), found.label_map, truth)


def part_figures(pairs: Iterable[tuple[str, LabelMap, LabelMap]], part_set: PartSet, part: str) -> Figures:
    """IoU of one part alone, pooled and per picture.

    Args:
        pairs: name, prediction, truth.
        part_set: of both label maps.
        part: its name.
    """
    found = evaluate(((n, None, p, t) for n, p, t in pairs), part_set, n_worst=0)
    index = part_set.index(part)
    ious = [photo.part_iou[index] for photo in found.photos if not math.isnan(photo.part_iou[index])]
    return {
        "pooled": _percent(found.parts[index].iou),
        "per_picture": _percent(found.parts[index].iou_per_photo),
        "spread": _percent(float(np.std(ious))) if ious else None,
        "n_pictures": len(ious),
    }


def over_draws(each: Sequence[Figures]) -> Figures:
    """Means of figures over draws of the labels, the deviation of the pooled IoU, and that of each draw."""
    mean = {name: _mean([figures[name] for figures in each]) for name in each[0]}
    pooled = [figures["pooled"] for figures in each]
    known = [value for value in pooled if value is not None]
    return mean | {
        "draws_spread": round(float(np.std(known)), 2) if len(known) > 1 else None,
        "pooled_each": pooled,
    }


def _mean(values: Sequence[Any]) -> Any:
    if isinstance(values[0], dict):
        return {name: _mean([value[name] for value in values]) for name in values[0]}
    if all(value == values[0] for value in values):
        return values[0]
    known = [value for value in values if isinstance(value, int | float)]
    return round(sum(known) / len(known), 2) if known else None


def _percent(share: float) -> float | None:
    return None if math.isnan(share) else round(100 * share, 2)
