"""The summary of an experiment, written anew after every cell: JSON, Markdown and plots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.bench import Bench
from experiments.experiment import Experiment, Plot, Row, n_measured
from experiments.protocol import PHOTO_SENTENCE, Half, Protocol
from experiments.tables import difference, markdown_table
from partly.evaluation.report import Series, curves_svg
from partly.storage import write_json, write_text


def write_summary(experiment: Experiment, rows: Sequence[Row], folder: Path, bench: Bench) -> None:
    """Write all that sums up the cells measured so far."""
    for plot in experiment.plots:
        write_text(folder / f"{plot.name}.svg", plot_svg(plot, rows))
    text = summary_markdown(experiment, rows, bench.protocol, bench.half)
    write_text(folder / "results.md", text)
    write_json(folder / "results.json", _to_json(experiment, rows, bench))


def summary_markdown(
    experiment: Experiment, rows: Sequence[Row], protocol: Protocol, half: Half, place: str = ""
) -> str:
    """The Markdown of an experiment.

    Args:
        experiment: which.
        rows: its cells.
        protocol: how they were measured.
        half: of the photos.
        place: what stands before the names of plots and images in links.
    """
    done = [row for row in rows if row.figures is not None]
    n_done = n_measured(rows)
    title, how = experiment.title, experiment.how or protocol.sentence
    if experiment.reads_photos:
        title += f", {half} half"
        how += " " + PHOTO_SENTENCE.format(half=half)
    blocks = [f"## {title}\n", f"{experiment.question}\n", f"*{how}*\n"]
    if n_done < len(rows):
        missing = ", ".join(f"`{row.cell.key}`" for row in rows if row.figures is None)
        blocks.append(f"{n_done} of {len(rows)} cells are measured; not yet: {missing}.\n")
    if done:
        blocks.append(markdown_table(experiment, done))
    blocks += [f"![{plot.title}]({place}{plot.name}.svg)\n" for plot in experiment.plots if n_done]
    blocks += [f"![{caption}]({place}{name})\n\n*{caption}*\n" for name, caption in images_of(rows).items()]
    said = [*experiment.remarks(rows), *experiment.notes]
    if said:
        blocks.append("\n".join(f"- {sentence}" for sentence in said) + "\n")
    return "\n".join(blocks)


def images_of(rows: Sequence[Row]) -> dict[str, str]:
    """File names and captions of the images that cells made."""
    return {name: text for row in rows for name, text in (row.figures or {}).get("images", {}).items()}


def plot_svg(plot: Plot, rows: Sequence[Row]) -> str:
    """The curves of a plot as an SVG file."""
    series: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        name, x, y = (row.value(which) for which in (plot.series, plot.x, plot.y))
        if row.figures is not None and name is not None and x is not None and y is not None:
            series.setdefault(str(name), []).append((float(x), float(y)))
    return curves_svg(
        [Series(name, *_columns(points)) for name, points in series.items()],
        title=plot.title,
        x_label=plot.x_label,
        y_label=plot.y_label,
        log_x=plot.log_x,
    )


def _columns(points: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    ordered = sorted(points)
    return [x for x, _ in ordered], [y for _, y in ordered]


def _to_json(experiment: Experiment, rows: Sequence[Row], bench: Bench) -> dict[str, Any]:
    def cell(row: Row) -> dict[str, Any]:
        less = difference(row, experiment.headline)
        return {
            "key": row.cell.key,
            "settings": dict(row.cell.settings),
            "expected": row.cell.expected,
            "difference": None if less is None or math.isnan(less) else round(less, 2),
            "figures": row.figures,
        }

    return {
        "name": experiment.name,
        "question": experiment.question,
        "half": bench.half if experiment.reads_photos else None,
        "protocol": bench.protocol.sentence,
        "cells": [cell(row) for row in rows],
    }
