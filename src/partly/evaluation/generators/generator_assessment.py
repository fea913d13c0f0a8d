"""A whole evaluation: figures, and the pictures and photos that are worth a look."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from partly.data.photos import PhotoSet
from partly.evaluation.generators.feature_rows import photo_features, picture_features
from partly.evaluation.generators.picture_bytes import Pixels, make_pictures
from partly.evaluation.metrics.evaluation_scores import Skipped
from partly.evaluation.metrics.generator_figures import check_numbers, figures_of, remarks
from partly.evaluation.metrics.generator_scores import GeneratorEvaluation, Memorisation, Pair
from partly.evaluation.metrics.memorised_photos import MemorisationSearch, find_memorised
from partly.evaluation.metrics.uncovered_photos import Gaps, find_gaps
from partly.machine import Machine
from partly.models.encoders import FeatureNetwork
from partly.models.generators import Generator

OnProgress = Callable[[str, int, int], None]
_Made = Callable[[Iterable[int]], list[Pixels]]
_N_RANDOM = 36
_COPY_NOTE = (
    "One in a hundred pictures is suspected where nothing is copied: a suspect is to be looked at. A picture "
    "can copy a photo in another crop, or mirrored, without being found."
)


def evaluate_generator(
    generator: Generator,
    photos: PhotoSet,
    network: FeatureNetwork,
    n_pictures: int,
    seed: int = 0,
    *,
    folder: Path | None = None,
    n_shown: int = 12,
    on_progress: OnProgress | None = None,
    machine: Machine | None = None,
) -> GeneratorEvaluation:
    """Compare a generator's pictures with photos, above all those that it was trained on.

    Args:
        generator: makes pictures of the photos' size; they are not truncated.
        photos: the squares.
        network: computes features.
        n_pictures: how many pictures.
        seed: of the latents.
        folder: where features are kept, so that after a stop the same call goes on; None keeps nothing.
        n_shown: how many of the closest pictures, and of the least covered photos.
        on_progress: told what is done, how much of it and of how much.
        machine: where generator and network are; None: found out, and float32. Where its memory is short,
            fewer pictures are made at a time, and the notes say so.

    Raises:
        BadOption: too few photos or pictures.
        TrainingDiverged: pictures are NaN.
        PartlyError: the disk is full, or the folder cannot be written to.
    """
    check_numbers(len(photos), n_pictures)

    def progress(title: str) -> Callable[[int, int], None]:
        return lambda done, total: on_progress(title, done, total) if on_progress else None

    notes: list[str] = []

    def halved(n: int, why: str) -> None:
        if not notes:
            notes.append(f"Memory was short, so that batches are smaller, {n} pictures at first ({why}).")

    looking = progress("looking at photos")
    rows = photo_features(photos, network, folder, looking, on_halved=halved).rows
    making = progress("making and looking at pictures")
    pictures = picture_features(generator, network, n_pictures, seed, folder, making, machine, halved)
    made = partial(_pictures, generator, seed, machine)
    comparing = progress("comparing")
    comparing(0, 3)
    figures = figures_of(rows, pictures, network=network.name, network_digest=network.digest, seed=seed)
    comparing(1, 3)
    search = find_memorised(pictures, rows)
    comparing(2, 3)
    gaps = find_gaps(rows, pictures)
    comparing(3, 3)
    return GeneratorEvaluation(
        figures=figures,
        seed=seed,
        memorisation=Memorisation(len(search.suspects), search.share, search.quantile, search.threshold),
        random_pictures=tuple(made(range(min(_N_RANDOM, n_pictures)))),
        closest=_closest(search, made, photos, n_shown),
        least_covered=_least_covered(gaps, made, photos, n_shown),
        skipped=tuple(Skipped(name, reason) for name, reason in photos.failed),
        notes=(*remarks(figures), _COPY_NOTE, *notes),
    )


def _closest(search: MemorisationSearch, made: _Made, photos: PhotoSet, n: int) -> tuple[Pair, ...]:
    """The pictures closest to a photo, of which each photo is shown once."""
    chosen = _distinct(np.argsort(search.distances, kind="stable").tolist(), search.nearest.tolist(), n)
    ratios = search.distances / max(search.threshold, float(np.finfo(np.float64).tiny))
    pairs = [(i, int(search.nearest[i]), float(search.distances[i]), float(ratios[i])) for i in chosen]
    return _pairs(pairs, made, photos)


def _least_covered(gaps: Gaps, made: _Made, photos: PhotoSet, n: int) -> tuple[Pair, ...]:
    pairs = [
        (int(gaps.nearest[i]), i, float(gaps.distances[i]), float(gaps.ratios[i]))
        for i in gaps.least_covered[:n].tolist()
    ]
    return _pairs(pairs, made, photos)


def _distinct(order: Iterable[int], partners: Sequence[int], n: int) -> list[int]:
    """The first ``n`` of ``order`` that have different partners."""
    chosen: dict[int, int] = {}
    for index in order:
        chosen.setdefault(partners[index], index)
        if len(chosen) == n:
            break
    return list(chosen.values())


def _pairs(found: Sequence[tuple[int, int, float, float]], made: _Made, photos: PhotoSet) -> tuple[Pair, ...]:
    pictures = made([picture for picture, *_ in found])
    return tuple(
        Pair(pixels, picture, np.array(photos.squares[photo]), photos.names[photo], distance, ratio)
        for pixels, (picture, photo, distance, ratio) in zip(pictures, found, strict=True)
    )


def _pictures(
    generator: Generator, seed: int, machine: Machine | None, indexes: Iterable[int]
) -> list[Pixels]:
    return [pixels for batch in make_pictures(generator, seed, indexes, machine) for pixels in batch]
