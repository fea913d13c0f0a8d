"""The headline: labels to a network to photos, with the full settings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.annotator import Annotator
from experiments.auto_shot import described, network_for
from experiments.bench import Bench
from experiments.bisenet import face_parts_of
from experiments.experiment import Cell, Column, Experiment, Figures, Row
from experiments.photos import LabelledPhoto
from experiments.protocol import PARTS_OF_IDS, WITH_EYEGLASSES
from experiments.scoring import figures_of
from experiments.store import results_folder
from partly.data.labels import FACE_PARTS, LabelMap
from partly.evaluation.metrics import Evaluation
from partly.evaluation.report import evaluation_page
from partly.evaluation.segmentation import EvaluationPair, TruthMapping, evaluate
from partly.inference.segment import THOROUGH, PartNetwork, segment_photo
from partly.storage import write_text
from partly.synthesis.distil import DistilConfig

HEADLINE = DistilConfig(n_pictures=1200, n_steps=1400, size_px=256, second_round=0.2, seed=1)
"""The settings of the headline figures."""

_N_DRAWS = 5
_CEILING_PX = (256, 512)
# Certain enough that the mean with the mirrored photo is a vote.
_CERTAIN = 10.0


class AnnotatorAsNetwork:
    """The parser in the place of a network: the ceiling, trained on more than 27,000 labels.

    Args:
        annotator: the parser.
        size_px: side to which photos are reduced; it enlarges them to the size that it was trained for.
    """

    part_set = FACE_PARTS

    def __init__(self, annotator: Annotator, size_px: int) -> None:
        self._annotator, self.size_px = annotator, size_px

    def __call__(self, images: Tensor) -> Tensor:
        """Images ``[b, 3, s, s]`` to logits ``[b, k, s, s]``."""
        size_px = images.shape[-1]
        ids = face_parts_of(self._annotator.parse_ids(images, size_px)).astype(np.int64)
        # Where it sees eyeglasses it must still name a part: skin lies beneath them.
        ids[ids == 255] = FACE_PARTS.index("skin")
        return F.one_hot(torch.from_numpy(ids), FACE_PARTS.n_parts).permute(0, 3, 1, 2).float() * _CERTAIN


def _measure(bench: Bench, cell: Cell) -> Figures:
    if "ceiling_px" in cell.settings:
        network: PartNetwork = AnnotatorAsNetwork(bench.annotator, cell.settings["ceiling_px"])
    else:
        chosen = cell.settings
        network = network_for(bench, chosen["n_labels"], chosen["draw"], HEADLINE, chosen["n_first"])
    settings = cell.settings
    found = segmented(bench, bench.photos(), network, scales=settings["scales"], refine=settings["refine"])
    plain, glasses = both_counts(found)
    folder = results_folder(bench.out, EXPERIMENT, bench.half)
    lead = f"{cell.key}, {bench.half} half, {plain.n_photos} photos at their own size"
    write_text(folder / f"{cell.key}.html", evaluation_page(plain, title="Faces", lead=lead))
    figures = figures_of(plain)
    with_glasses = figures_of(glasses)
    return figures | {
        "n_photos": figures.pop("n_pictures"),
        "glasses_pooled": with_glasses["pooled"],
        "glasses_per_photo": with_glasses["per_picture"],
    }


def segmented(
    bench: Bench,
    photos: Iterable[LabelledPhoto],
    network: PartNetwork,
    *,
    scales: Sequence[float],
    refine: bool,
) -> list[tuple[LabelledPhoto, LabelMap]]:
    """Photos and what a network makes of them."""
    found = []
    for number, photo in enumerate(photos, start=1):
        found.append((photo, segment_photo(network, photo.pixels, scales=scales, refine=refine).label_map))
        bench.tell("segmenting photos", number, number)
    return found


def both_counts(found: Sequence[tuple[LabelledPhoto, LabelMap]]) -> tuple[Evaluation, Evaluation]:
    """Evaluations of segmented photos: eyeglasses left out of the count, and counted as skin."""

    def evaluated(parts_of_ids: dict[int, str | None]) -> Evaluation:
        mapping = TruthMapping(parts_of_ids, FACE_PARTS)
        return evaluate((_pair(photo, prediction, mapping) for photo, prediction in found), FACE_PARTS)

    return evaluated(PARTS_OF_IDS), evaluated(WITH_EYEGLASSES)


def _pair(photo: LabelledPhoto, prediction: LabelMap, mapping: TruthMapping) -> EvaluationPair:
    truth = mapping.apply(photo.ids, photo.name)
    return EvaluationPair(photo.name, lambda: photo.pixels, prediction, truth)


def _cells() -> tuple[Cell, ...]:
    config = json.loads(json.dumps(described(HEADLINE)))

    def network(
        key: str, n_labels: int, draw: int, expected: float | None = None, n_first: int | None = None
    ) -> Cell:
        settings: dict[str, Any] = {"n_labels": n_labels, "draw": draw, "n_first": n_first}
        settings |= {"scales": list(THOROUGH), "refine": True, "config": config}
        return Cell(key, settings, expected)

    return (
        *(network(f"one-label-{draw}", 1, draw, 69.7 if draw == 0 else None) for draw in range(_N_DRAWS)),
        network("ten-labels-grown", 10, 0, 73.1, n_first=5),
        *(Cell(f"ceiling-{px}", {"ceiling_px": px, "scales": [1.0], "refine": False}) for px in _CEILING_PX),
    )


def _remarks(rows: Sequence[Row]) -> list[str]:
    """The mean over the draws of one label."""
    draws = [row for row in rows if row.cell.settings.get("n_labels") == 1 and row.figures]
    if len(draws) < 2:
        return []
    pooled, per_photo = ([row.value(name) for row in draws] for name in ("pooled", "per_picture"))
    return [
        f"One label, mean of {len(draws)} draws: pooled {np.mean(pooled):.1f} ± {np.std(pooled):.1f}, "
        f"per photo {np.mean(per_photo):.1f} ± {np.std(per_photo):.1f}."
    ]


EXPERIMENT = Experiment(
    name="faces",
    title="Faces: labels to photos",
    question="How well does a network that was made from one label, or ten, segment real photos?",
    cells=_cells(),
    measure=_measure,
    columns=(
        Column("pooled IoU, %", "pooled"),
        Column("per photo, %", "per_picture"),
        Column("± over photos", "spread"),
        *(Column(name, f"parts.{name}", 0) for name in FACE_PARTS.names),
        Column("eyeglasses as skin, pooled, %", "glasses_pooled"),
        Column("the same, per photo, %", "glasses_per_photo"),
    ),
    notes=(
        f"{HEADLINE.n_pictures} pictures, {HEADLINE.n_steps} steps of {HEADLINE.batch_size}, up to "
        f"{HEADLINE.size_px} px, and a second round of {HEADLINE.second_round:.0%} of the steps; photos at "
        "their own size, thorough (four sizes, mirrored, boundaries refined).",
        "The ceiling is the parser itself, on photos reduced to two sizes; it was trained on over 27,000 "
        "labels, and may have seen these photos.",
        "Beside each cell's figures lies a page with the worst photos.",
    ),
    remarks=_remarks,
    reads_photos=True,
)
