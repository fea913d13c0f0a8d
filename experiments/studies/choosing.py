"""Which ten pictures to label: all at once, or one after another."""

from __future__ import annotations

from experiments.agreement import agreement_over_draws
from experiments.bench import Bench
from experiments.experiment import Cell, Column, Experiment, Figures

_N_LABELS = 10
_N_DRAWS = 3
_WAYS: dict[str, int | None] = {"together": None, "grown-from-5": 5, "grown-from-3": 3}


def _measure(bench: Bench, cell: Cell) -> Figures:
    n, n_first = cell.settings["n_labels"], cell.settings["n_first"]
    return agreement_over_draws(
        bench, cell.settings["n_draws"], lambda draw: bench.fit(bench.labels(n, draw, n_first))
    )


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
