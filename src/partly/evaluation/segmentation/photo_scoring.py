"""The figures of a stream of predicted and true label maps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from partly.data.labels import (
    UNLABELLED,
    Counts,
    PartSet,
    check_label_map,
    confusion_matrix,
    mean_of_known,
    photo_iou,
    pixel_accuracy,
    resize_label_map,
)
from partly.errors import BadLabel, counted
from partly.evaluation.metrics.evaluation_scores import (
    Evaluation,
    ExamplePhoto,
    LabelMap,
    PhotoReader,
    PhotoScore,
)

_EXAMPLE_SIZE_PX = 512


class EvaluationPair(NamedTuple):
    """A prediction and its truth.

    Attributes:
        name: the photo's name.
        read_photo: reads the photo's pixels when they are to be shown, or None.
        prediction: ``uint8 [h, w]``, a part at every pixel that has truth.
        truth: ``uint8 [h, w]``, 255 where nothing is known.
    """

    name: str
    read_photo: PhotoReader | None
    prediction: LabelMap
    truth: LabelMap


def evaluate(
    pairs: Iterable[EvaluationPair | tuple[str, PhotoReader | None, LabelMap, LabelMap]],
    part_set: PartSet,
    *,
    n_worst: int = 8,
    resize: bool = False,
) -> Evaluation:
    """Compare predictions with their truth, one after the other; no photo is kept.

    Args:
        pairs: name, photo reader, prediction, truth.
        part_set: the parts.
        n_worst: how many of the worst photos to keep for the eye, thinned out to 512 px.
        resize: bring predictions of another size to the size of their truth, by the nearest pixel.

    Raises:
        BadLabel: sizes differ, a label map has ids of no part, a prediction has unlabelled pixels, or there
            is no truth at all.
    """
    confusion = np.zeros((part_set.n_parts, part_set.n_parts), np.int64)
    photos: list[PhotoScore] = []
    worst: list[ExamplePhoto] = []
    n_left_out = 0
    for pair in (EvaluationPair(*given) for given in pairs):
        prediction = _checked_prediction(pair, part_set, resize)
        matrix = confusion_matrix(pair.truth, prediction, part_set.n_parts)
        score = _photo_score(pair.name, matrix)
        confusion += matrix
        photos.append(score)
        n_left_out += pair.truth.size - int(matrix.sum())
        if matrix.any():
            example = ExamplePhoto(score, _thinned(pair.truth), _thinned(prediction), pair.read_photo)
            worst = sorted([*worst, example], key=_mean_iou_of)[:n_worst]
    if not confusion.any():
        raise _nothing_to_count(len(photos))
    return Evaluation(part_set, confusion, tuple(photos), n_left_out, tuple(worst))


def _checked_prediction(pair: EvaluationPair, part_set: PartSet, resize: bool) -> LabelMap:
    """The prediction at the size of the truth; raises BadLabel where either is unusable."""
    check_label_map(pair.truth, part_set, empty_ok=True, path=pair.name)
    check_label_map(pair.prediction, part_set, empty_ok=True, path=pair.name)
    prediction = _at_size_of_truth(pair, resize)
    n_unlabelled = int(((prediction == UNLABELLED) & (pair.truth != UNLABELLED)).sum())
    if n_unlabelled:
        pixels = counted(n_unlabelled, "unlabelled pixel")
        raise BadLabel(
            f"the prediction has {pixels} ({UNLABELLED}) where there is truth",
            expected="a part at every pixel",
            remedy="Predict the whole photo",
            path=pair.name,
        )
    return prediction


def _at_size_of_truth(pair: EvaluationPair, resize: bool) -> LabelMap:
    if pair.prediction.shape == pair.truth.shape:
        return pair.prediction
    height, width = pair.truth.shape
    if resize:
        return resize_label_map(pair.prediction, (height, width))
    raise BadLabel(
        f"the prediction is {pair.prediction.shape[1]} x {pair.prediction.shape[0]} px",
        expected=f"{width} x {height} px, the size of the truth",
        remedy="Predict at the size of the truth, or evaluate with resizing, which takes the nearest pixel",
        path=pair.name,
    )


def _photo_score(name: str, matrix: Counts) -> PhotoScore:
    ious = photo_iou(matrix)
    return PhotoScore(name, mean_of_known(ious), pixel_accuracy(matrix), tuple(ious.tolist()))


def _thinned(label_map: LabelMap) -> LabelMap:
    step = -(-max(label_map.shape) // _EXAMPLE_SIZE_PX)
    return label_map[::step, ::step].copy()


def _mean_iou_of(example: ExamplePhoto) -> float:
    return example.score.mean_iou


def _nothing_to_count(n_photos: int) -> BadLabel:
    if not n_photos:
        return BadLabel(
            "there is nothing to evaluate",
            expected="at least one prediction with its truth",
            remedy="Give photos that have truth",
        )
    return BadLabel(
        f"the truth of {counted(n_photos, 'photo')} has no labelled pixel",
        expected="at least one pixel with truth",
        remedy="Label the photos, or correct what the truth's ids mean",
    )
