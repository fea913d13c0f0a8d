"""One generator of faces: how well its few-shot segmenter and the network made from it segment."""

from __future__ import annotations

from pathlib import Path

from experiments.bench import Bench
from experiments.experiment import Cell, Column, Experiment, Figures
from experiments.proposed import N_LOOKED_AT
from experiments.segmentation_by_generator import (
    CHOSEN,
    N_LABELS,
    N_PHOTOS,
    N_SEARCH_STEPS,
    N_THROUGH,
    PHOTO_PX,
    TRAINING,
    segmentation_figures,
)
from partly.errors import NotAvailable

_SETTINGS = {
    "n_labels": N_LABELS,
    "labelled": CHOSEN,
    "n_photos": N_PHOTOS,
    "photo_px": PHOTO_PX,
    "n_pictures": TRAINING.n_pictures,
    "n_steps": TRAINING.n_steps,
}


def _of_generator(bench: Bench) -> tuple[Bench, Path]:
    if bench.generator_folder is None:
        raise NotAvailable(
            "this measures a generator of faces, and none was named",
            expected="the model folder of a generator",
            remedy="Name it with --generator FOLDER",
        )
    return bench.of_generator(bench.generator_folder), bench.generator_folder


def _cells_of(bench: Bench) -> tuple[Cell, ...]:
    bench.check_photos()
    digest = _of_generator(bench)[0].generator.digest
    return (Cell(f"generator-{digest[:12]}", {"generator_sha256": digest, **_SETTINGS}),)


def _measure(bench: Bench, _cell: Cell) -> Figures:
    of_generator, folder = _of_generator(bench)
    return {"generator": "/".join(folder.absolute().parts[-3:])} | segmentation_figures(of_generator)


EXPERIMENT = Experiment(
    name="adversarial-labels",
    title="Segmentation by a generator of faces",
    question="How well does a generator of faces serve segmentation, if an annotator labels five pictures?",
    cells=(Cell("generator", _SETTINGS),),
    cells_of=_cells_of,
    keeps_cells=True,
    measure=_measure,
    columns=(
        Column("generator", "generator"),
        Column("parts labelled", "parts_labelled"),
        Column("segmenter against annotator, pooled, %", "few_shot.pooled"),
        Column("per picture, %", "few_shot.per_picture"),
        Column("through the generator, pooled, %", "through.pooled"),
        Column("per photo, %", "through.per_picture"),
        Column("network, pooled, %", "auto_shot.pooled"),
        Column("per photo, %", "auto_shot.per_picture"),
        Column("no segmenter", "no_segmenter"),
    ),
    headline="auto_shot.pooled",
    how="No person labels: a face parser (BiSeNet) does, the same for all generators. Photos: CelebAMask-HQ, "
    "the choices half alone; eyeglasses are left out of the count.",
    notes=(
        f"Labelled are the {N_LABELS} of {N_LOOKED_AT} proposed pictures in which the parser sees most "
        "parts; random cosines are fitted on them, and label "
        f"{TRAINING.n_pictures} pictures, from which `{TRAINING.architecture}` learns for {TRAINING.n_steps} "
        f"steps at {TRAINING.size_px} px.",
        f"Network: the {N_PHOTOS} photos of the choices half at {PHOTO_PX} px. Through the generator: the "
        f"first {N_THROUGH} of them, {N_SEARCH_STEPS} steps of search each. The segmenter's agreement is on "
        "the generator's own unseen pictures: one that makes few different pictures has it easier.",
        "The parser learned from all of CelebAMask-HQ; figures compare generators with each other, and not "
        "with labels of people.",
    ),
)
