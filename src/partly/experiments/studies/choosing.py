"""Which ten pictures to label: all at once, or one after another."""

from __future__ import annotations

from partly.experiments.experiment import Cell, Column, Experiment, Figures
from partly.experiments.scoring import by_segmenter, fresh_figures, over_draws
from partly.experiments.workshop import Workshop

_N_LABELS = 10
_N_DRAWS = 3
_WAYS: dict[str, int | None] = {"together": None, "grown-from-5": 5, "grown-from-3": 3}


def _measure(workshop: Workshop, cell: Cell) -> Figures:
    return over_draws([_one(workshop, cell, draw) for draw in range(cell.settings["n_draws"])])


def _one(workshop: Workshop, cell: Cell, draw: int) -> Figures:
    labels = workshop.labels(cell.settings["n_labels"], draw, cell.settings["n_first"])
    predict = by_segmenter(workshop.generator, workshop.fit(labels), workshop.protocol.label_px)
    return fresh_figures(predict, workshop.fresh())


EXPERIMENT = Experiment(
    name="choosing",
    title="Choosing the pictures to label",
    question="Are ten labels worth more if the later ones are of what the segmenter is least sure of?",
    cells=tuple(
        Cell(key, {"n_labels": _N_LABELS, "n_first": n_first, "n_draws": _N_DRAWS})
        for key, n_first in _WAYS.items()
    ),
    measure=_measure,
    columns=(
        Column("labels", "n_labels"),
        Column("draws", "n_draws"),
        Column("pooled IoU, %", "pooled"),
        Column("± over draws", "draws_spread"),
        Column("per picture, %", "per_picture"),
    ),
    notes=(
        "Together: k-medoids over the latents. Grown: so many together, then one after another the picture "
        "that the segmenter, fitted anew, is least sure of.",
    ),
)
