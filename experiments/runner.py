"""Measures the cells of an experiment that are not on disk yet; after each, writes the summary anew."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from experiments.bench import Bench
from experiments.experiment import Cell, Experiment, Row
from experiments.store import results_folder, rows_of, save_figures, settings_digest, with_kept_cells
from experiments.summary import write_summary
from partly.errors import BadOption


def run_experiment(
    experiment: Experiment,
    bench: Bench,
    *,
    only: Sequence[str] = (),
    say: Callable[[str], None] = lambda _text: None,
) -> tuple[Path, list[Row]]:
    """Measure what is missing; after a stop, the same call goes on with the next cell.

    Args:
        experiment: what to measure.
        bench: makes what the cells need, and says where results go.
        only: keys of the cells to measure; all without any.
        say: told each cell in words.

    Returns:
        The folder of the results, and all rows.

    Raises:
        BadOption: a key of no cell, or the figure half of an experiment without photos.
        PartlyError: as the cells.
    """
    if experiment.cells_of is not None:
        experiment = replace(experiment, cells=experiment.cells_of(bench))
    _check(experiment, bench, only)
    folder = results_folder(bench.out, experiment, bench.half)
    experiment = with_kept_cells(experiment, folder, bench.protocol)
    rows = rows_of(experiment, folder, bench.protocol)
    missing = [row.cell for row in rows if row.figures is None and (not only or row.cell.key in only)]
    if missing and experiment.reads_photos:
        bench.check_photos()
    write_summary(experiment, rows, folder, bench)
    for number, cell in enumerate(missing, start=1):
        say(f"{experiment.name}, cell {number} of {len(missing)}: {cell.key} …")
        _measure(experiment, cell, bench, folder)
        rows = rows_of(experiment, folder, bench.protocol)
        write_summary(experiment, rows, folder, bench)
    return folder, rows


def _measure(experiment: Experiment, cell: Cell, bench: Bench, folder: Path) -> None:
    began = time.monotonic()
    figures = experiment.measure(bench, cell)
    digest = settings_digest(experiment, cell, bench.protocol)
    save_figures(folder, cell, digest, figures, time.monotonic() - began)


def _check(experiment: Experiment, bench: Bench, only: Sequence[str]) -> None:
    keys = [cell.key for cell in experiment.cells]
    if unknown := [key for key in only if key not in keys]:
        raise BadOption(
            f"{experiment.name} has no cell {', '.join(unknown)}", expected=f"one of {', '.join(keys)}"
        )
    if bench.half == "figure" and not experiment.reads_photos:
        raise BadOption(
            f"{experiment.name} reads no photos, and you chose the figure half of them",
            remedy="Leave --half away",
        )
