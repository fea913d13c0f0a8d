"""How well a segmenter does on compositions, and what it finds where there is nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from experiments.anywhere.composition import Composition
from experiments.anywhere.segmenters import Segmenter
from experiments.experiment import Figures
from experiments.scoring import figures_of
from partly.data.labels import LabelMap, PartSet
from partly.data.photos import Pixels
from partly.errors import BadOption
from partly.evaluation.segmentation import EvaluationPair, evaluate
from partly.inference.segment import Segmentation


class Tally:
    """Counts objects of one photo after the other."""

    def __init__(self) -> None:
        self._found: list[int | None] = []
        self._shown: list[int] = []

    def add(self, segmentation: Segmentation, n_shown: int) -> None:
        """What was found in a photo that shows ``n_shown`` objects."""
        self._found.append(None if segmentation.objects is None else len(segmentation.objects))
        self._shown.append(n_shown)

    def figures(self) -> Figures:
        """In per cent of the photos: the right number of objects, more, and fewer; None: none were sought."""
        if any(found is None for found in self._found):
            return {"n_right": None, "n_too_many": None, "n_too_few": None}
        more = np.subtract([found or 0 for found in self._found], self._shown)
        return {
            "n_right": _percent(more == 0),
            "n_too_many": _percent(more > 0),
            "n_too_few": _percent(more < 0),
        }


def composition_figures(
    segmenter: Segmenter, compositions: Iterable[Composition], part_set: PartSet
) -> Figures:
    """IoU of the parts, pooled and per photo, and numbers of objects, in per cent.

    Args:
        segmenter: of any part set that has the same names.
        compositions: with truth.
        part_set: of that truth.

    Raises:
        BadOption: the segmenter lacks a part, or has another.
    """
    tally = Tally()

    def pair(composition: Composition) -> EvaluationPair:
        segmentation = segmenter(composition.pixels)
        tally.add(segmentation, composition.n_objects)
        return EvaluationPair(composition.name, None, in_parts(segmentation, part_set), composition.truth)

    return figures_of(evaluate(map(pair, compositions), part_set, n_worst=0)) | tally.figures()


def empty_figures(segmenter: Segmenter, photos: Iterable[Pixels]) -> Figures:
    """What is found in photos without an object: in per cent of them, and the parts' mean share of a photo."""
    tally, areas = Tally(), []
    for pixels in photos:
        segmentation = segmenter(pixels)
        tally.add(segmentation, 0)
        areas.append(segmentation.label_map != segmentation.part_set.index("background"))
    counted = tally.figures()
    share = float(np.mean([area.mean() for area in areas]))
    return {
        "n_pictures": len(areas),
        "false_objects": counted["n_too_many"],
        "false_area": round(100 * share, 2),
    }


def in_parts(segmentation: Segmentation, part_set: PartSet) -> LabelMap:
    """The label map in the ids of a part set of the same names, uint8 ``[h, w]``."""
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


def _percent(found: Sequence[bool] | np.ndarray) -> float:
    return round(100 * float(np.mean(found)), 2)
