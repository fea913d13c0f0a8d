"""How well a segmenter does on compositions, and what it finds where there is nothing."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from experiments.anywhere.composition import Composition
from experiments.anywhere.segmenters import KnownSegmenter, Segmenter
from experiments.anywhere.tally import Tally, percent
from experiments.experiment import Figures
from experiments.scoring import figures_of
from partly.data.labels import LabelMap, PartSet
from partly.data.photos import Pixels
from partly.errors import BadOption
from partly.evaluation.segmentation import EvaluationPair, evaluate
from partly.inference.segment import Segmentation


def composition_figures(
    segmenter: KnownSegmenter, compositions: Iterable[Composition], part_set: PartSet
) -> Figures:
    """IoU of the parts, pooled and per photo, and how well objects are found, in per cent.

    Args:
        segmenter: of any part set that has the same names.
        compositions: with truth.
        part_set: of that truth.

    Raises:
        BadOption: the segmenter lacks a part, or has another.
    """
    tally = Tally()

    def pair(composition: Composition) -> EvaluationPair:
        segmentation = segmenter(composition)
        tally.add(segmentation, composition.frames)
        return EvaluationPair(composition.name, None, in_parts(segmentation, part_set), composition.truth)

    return figures_of(evaluate(map(pair, compositions), part_set, n_worst=0)) | tally.figures()


def empty_figures(segmenter: Segmenter, photos: Iterable[Pixels]) -> Figures:
    """What is found in photos without objects: in how many of them, and on which share of their area."""
    tally = Tally()
    areas: list[float] = []
    for pixels in photos:
        segmentation = segmenter(pixels)
        tally.add(segmentation, ())
        background = segmentation.part_set.index("background")
        areas.append(percent(segmentation.label_map != background))
    return {
        "n_pictures": len(areas),
        "false_objects": tally.figures()["n_too_many"],
        "false_area": round(float(np.mean(areas)), 2),
    }


def in_parts(segmentation: Segmentation, part_set: PartSet) -> LabelMap:
    """The label map in the ids of a part set of the same names, uint8 ``[h, w]``.

    Raises:
        BadOption: the names differ.
    """
    check_parts(segmentation.part_set, part_set)
    ids = [part_set.index(name) for name in segmentation.part_set.names]
    return np.array(ids, np.uint8)[segmentation.label_map]


def check_parts(given: PartSet, expected: PartSet) -> None:
    """Refuse a network that was taught other parts.

    Raises:
        BadOption: the names differ.
    """
    if not same_parts(given, expected):
        raise BadOption(
            f"the network's parts are {', '.join(given.names)}",
            expected=f"{', '.join(expected.names)}, in any order",
        )


def same_parts(one: PartSet, other: PartSet) -> bool:
    """Whether two part sets have the same names, in any order."""
    return sorted(one.names) == sorted(other.names)
