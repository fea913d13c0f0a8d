"""Evaluation of label maps in folders, and of a network on photos that have truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from partly.data.labels import PartSet, read_label_map
from partly.data.photos import PhotoSource, PhotoSources, find_photos
from partly.errors import BadPhoto, counted
from partly.evaluation.metrics.evaluation_scores import Evaluation, LabelMap, PhotoReader, Pixels, Skipped
from partly.evaluation.segmentation.photo_scoring import EvaluationPair, evaluate
from partly.evaluation.segmentation.truth_files import TruthMapping, read_truth
from partly.evaluation.segmentation.truth_matching import find_label_maps, match_names

Predict = Callable[[Pixels], LabelMap]
Progress = Callable[[int, int], None]


def evaluate_folders(
    predictions: str | Path,
    truths: str | Path,
    part_set: PartSet,
    *,
    photos: str | Path | PhotoSources | None = None,
    mapping: TruthMapping | None = None,
    resize: bool = False,
    n_worst: int = 8,
    progress: Progress | None = None,
) -> Evaluation:
    """Compare a folder of label maps with a folder of truth, files of the same name with each other.

    Args:
        predictions: folder of label maps as PNG; those without truth are passed over.
        truths: folder of label maps as PNG.
        part_set: the parts.
        photos: folder or zip of the photos, or photos found, to show the worst ones.
        mapping: what the ids of the truth mean, where they are not the part set's.
        resize: see :func:`partly.evaluation.segmentation.evaluate`.
        n_worst: see :func:`partly.evaluation.segmentation.evaluate`.
        progress: called after each photo with how many are done, and of how many.

    Raises:
        BadLabel: truth without a prediction (listed), unreadable files, unknown ids, sizes that differ.
    """
    predicted, true = find_label_maps(predictions), find_label_maps(truths)
    matches = match_names(true, predicted, kind="prediction", folder=truths)
    found = find_photos(photos) if isinstance(photos, str | Path) else photos
    readers = {} if found is None else _readers(found, true, truths)
    told: list[str] = []

    def pairs() -> Iterator[EvaluationPair]:
        for n_done, (truth_name, name) in enumerate(matches.pairs, start=1):
            yield EvaluationPair(
                name=truth_name,
                read_photo=readers.get(truth_name),
                prediction=read_label_map(predicted[name], part_set, empty_ok=True, tell=told.append),
                truth=read_truth(true[truth_name], part_set, mapping, told.append),
            )
            if progress:
                progress(n_done, len(matches.pairs))

    evaluation = evaluate(pairs(), part_set, n_worst=n_worst, resize=resize)
    notes = _notes(matches.n_unused, "prediction", mapping, told)
    return replace(evaluation, notes=(*notes, *(found.told() if found else ())))


def evaluate_network(
    predict: Predict,
    photos: Iterable[PhotoSource],
    truths: str | Path,
    part_set: PartSet,
    *,
    mapping: TruthMapping | None = None,
    resize: bool = False,
    n_worst: int = 8,
    progress: Progress | None = None,
) -> Evaluation:
    """Predict photos and compare with their truth; photos that cannot be read are listed and skipped.

    Args:
        predict: photo ``uint8 [h, w, 3]`` to label map ``uint8 [h, w]``.
        photos: where the photos are; those without truth are passed over.
        truths: folder of label maps as PNG, named as the photos.
        part_set: the parts.
        mapping: what the ids of the truth mean, where they are not the part set's.
        resize: see :func:`partly.evaluation.segmentation.evaluate`.
        n_worst: see :func:`partly.evaluation.segmentation.evaluate`.
        progress: called after each photo with how many are done, and of how many.

    Raises:
        BadLabel: truth without a photo (listed), unreadable truth, unknown ids, sizes that differ.
        BadPhoto: no photo could be read.
    """
    sources = {source.name: source for source in photos}
    true = find_label_maps(truths)
    matches = match_names(true, sources, kind="photo", folder=truths)
    skipped: list[Skipped] = []
    told: list[str] = []

    def pairs() -> Iterator[EvaluationPair]:
        for n_done, (truth_name, name) in enumerate(matches.pairs, start=1):
            truth = read_truth(true[truth_name], part_set, mapping, told.append)
            try:
                pixels = sources[name].read().pixels
            except BadPhoto as error:
                skipped.append(Skipped(name, str(error)))
            else:
                yield EvaluationPair(name, _reader(sources[name]), predict(pixels), truth)
            if progress:
                progress(n_done, len(matches.pairs))
        if len(skipped) == len(matches.pairs):
            raise BadPhoto(f"none of {len(skipped)} photos can be read; the first: {skipped[0].reason}")

    evaluation = evaluate(pairs(), part_set, n_worst=n_worst, resize=resize)
    notes = _notes(matches.n_unused, "photo", mapping, told)
    return replace(evaluation, notes=notes, skipped=tuple(skipped))


def _readers(
    photos: Iterable[PhotoSource], true: Iterable[str], truths: str | Path
) -> dict[str, PhotoReader]:
    sources = {source.name: source for source in photos}
    matches = match_names(true, sources, kind="photo", folder=truths, complete=False)
    return {truth_name: _reader(sources[name]) for truth_name, name in matches.pairs}


def _reader(source: PhotoSource) -> PhotoReader:
    return lambda: source.read().pixels


def _notes(n_unused: int, kind: str, mapping: TruthMapping | None, told: Sequence[str]) -> tuple[str, ...]:
    unused = (f"Passed over for want of truth: {counted(n_unused, kind)}.",) if n_unused else ()
    more = f" (and {len(told) - 1} more label maps likewise)" if len(told) > 1 else ""
    read_otherwise = (f"{told[0]}{more}.",) if told else ()
    return unused + (mapping.notes() if mapping else ()) + read_otherwise
