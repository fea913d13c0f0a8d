"""Tables: figures of the parts, confusions, settings, and any rows of text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from partly.data.labels import PartSet
from partly.evaluation.metrics.evaluation_scores import Evaluation
from partly.evaluation.report.templates_rendering import MISSING, count, render


def part_table(evaluation: Evaluation) -> Markup:
    """IoU of every part with bars in the part's colour, precision, recall and share of the area."""
    rows = list(zip(evaluation.part_set.parts, evaluation.parts, strict=True))
    return render("part_table.html", rows=rows, mean=evaluation.mean_iou, isfinite=math.isfinite)


@dataclass(frozen=True)
class _Cell:
    share: float
    n_pixels: int
    right: bool

    @property
    def depth(self) -> float:
        """Strength of the cell's colour in [0, 1]; the square root makes small confusions visible."""
        return math.sqrt(self.share) if math.isfinite(self.share) else 0.0


def confusion_table(evaluation: Evaluation) -> Markup:
    """The confusion matrix as a heat table: each row says what became of a part's true pixels."""
    names = evaluation.part_set.names
    matrix = evaluation.confusion
    totals = matrix.sum(axis=1)
    rows = []
    for truth, part in enumerate(evaluation.part_set.parts):
        shares = matrix[truth] / totals[truth] if totals[truth] else np.full(len(names), np.nan)
        cells = [
            _Cell(float(share), int(matrix[truth, predicted]), predicted == truth)
            for predicted, share in enumerate(shares)
        ]
        rows.append((part, cells))
    return render("confusion_table.html", rows=rows, parts=evaluation.part_set.parts, isfinite=math.isfinite)


def legend(part_set: PartSet) -> Markup:
    """The parts and their colours."""
    return render("legend.html", parts=part_set.parts)


def key_values(values: Mapping[str, object]) -> Markup:
    """Names and values: settings, times, the environment."""
    return render("key_values.html", rows=[(name, str(value)) for name, value in values.items()])


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, caption: str = "", label: str = ""
) -> Markup:
    """Any table; the first cell of each row is its heading, numbers stand to the right.

    Args:
        columns: their headings.
        rows: cells in the order of the columns.
        caption: stands above the table.
        label: what the table is, for those who do not see what it stands beside; without it, the caption.
    """
    body = [[_text_cell(cell) for cell in row] for row in rows]
    numeric = [bool(body) and all(row[index][1] for row in body) for index in range(len(columns))]
    return render(
        "table.html", columns=columns, column_is_number=numeric, rows=body, caption=caption, label=label
    )


def _text_cell(cell: object) -> tuple[str, bool]:
    if isinstance(cell, float):
        return (f"{cell:.4g}" if math.isfinite(cell) else MISSING), True
    if isinstance(cell, int) and not isinstance(cell, bool):
        return count(cell), True
    return str(cell), False


def notes(texts: Sequence[str]) -> Markup:
    """Remarks and limits, a list of sentences."""
    return render("notes.html", texts=texts)
