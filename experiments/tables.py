"""The figures of an experiment as a Markdown table, expected ones beside those found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from experiments.experiment import Column, Experiment, Row

_MISSING = "–"


def markdown_table(experiment: Experiment, rows: Sequence[Row]) -> str:
    """One line for each cell; expected figures and differences where any cell has one."""
    compares = any(row.cell.expected is not None for row in rows)
    headings = ["cell", *(column.title for column in experiment.columns)]
    headings += ["expected", "difference"] if compares else []
    lines = [markdown_line(headings), markdown_line(["---"] * len(headings))]
    for row in rows:
        cells = [f"`{row.cell.key}`", *(_text(row, column) for column in experiment.columns)]
        lines.append(markdown_line(cells + (_compared(row, experiment.headline) if compares else [])))
    return "\n".join(lines) + "\n"


def difference(row: Row, headline: str) -> float | None:
    """Found less expected; None where either is not known."""
    found = row.value(headline)
    if row.cell.expected is None or row.figures is None or found is None:
        return None
    return float(found) - row.cell.expected


def _compared(row: Row, headline: str) -> list[str]:
    if row.cell.expected is None:
        return [_MISSING, _MISSING]
    less = difference(row, headline)
    return [f"{row.cell.expected:.1f}", _MISSING if less is None else f"{less:+.1f}"]


def _text(row: Row, column: Column) -> str:
    return _value_text(row.value(column.name), column.n_digits)


def _value_text(value: Any, n_digits: int) -> str:
    if value is None:
        return _MISSING
    if isinstance(value, float):
        return f"{value:.{n_digits}f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}".replace(",", "\u2009")
    if isinstance(value, list | tuple):
        return ", ".join(_value_text(one, n_digits) for one in value)
    return str(value).replace("|", "\\|")


def markdown_line(cells: Sequence[str]) -> str:
    """One line of a Markdown table."""
    return f"| {' | '.join(cells)} |"
