"""What an experiment is: a question, cells to measure, and how their figures are shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.bench import Bench

Figures = dict[str, Any]
_KEY = re.compile(r"[a-z0-9][a-z0-9.-]*")


@dataclass(frozen=True)
class Cell:
    """One measurement of an experiment.

    Attributes:
        key: its name, which is its file's too.
        settings: what is measured: plain JSON values; other values are another measurement.
        expected: the headline figure that was found before, in the same unit; None where none is known.
    """

    key: str
    settings: Mapping[str, Any]
    expected: float | None = None

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.key):
            raise ValueError(f"the key {self.key!r} of a cell is no file name of small letters")


@dataclass(frozen=True)
class Row:
    """A cell with what was found.

    Attributes:
        cell: the cell.
        figures: plain JSON values; None while it is not measured.
    """

    cell: Cell
    figures: Figures | None

    def value(self, name: str) -> Any:
        """A figure or, where there is none of that name, a setting; None where there is neither.

        Args:
            name: its name; dots lead into figures of figures ("parts.nose").
        """
        for values in (self.figures or {}, self.cell.settings):
            found: Any = values
            for step in name.split("."):
                found = found.get(step) if isinstance(found, Mapping) else None
            if found is not None:
                return found
        return None


def n_measured(rows: Sequence[Row]) -> int:
    """How many cells have figures."""
    return sum(row.figures is not None for row in rows)


@dataclass(frozen=True)
class Column:
    """A column of an experiment's table.

    Attributes:
        title: its heading, with the unit.
        name: what is shown, as :meth:`Row.value` takes it.
        n_digits: behind the point.
    """

    title: str
    name: str
    n_digits: int = 1


@dataclass(frozen=True)
class Plot:
    """Curves through the cells of an experiment.

    Attributes:
        name: of the file, without ending.
        title: what it shows.
        x, y: the values on the axes, as :meth:`Row.value` takes them.
        series: cells of one value of this are one curve.
        x_label, y_label: names and units of the axes.
        log_x: logarithmic horizontal axis.
    """

    name: str
    title: str
    x: str
    y: str
    series: str
    x_label: str
    y_label: str
    log_x: bool = False


@dataclass(frozen=True)
class Experiment:
    """One study.

    Attributes:
        name: how it is asked for, and its folder.
        title: its heading.
        question: what it answers, in one sentence.
        cells: what is measured.
        measure: measures one cell; raises PartlyError where something is missing. Figures may hold
            ``"images"``: files that it wrote in the experiment's folder, name to caption.
        columns: of the table.
        headline: the figure that ``Cell.expected`` is compared with.
        plots: drawn from the cells.
        notes: what a reader should know, one sentence each.
        remarks: sentences made from the rows, such as means over cells.
        reads_photos: whether photos with truth are needed.
        cells_of: gives the cells of a bench, where they depend on what it measures, such as a network that is
            there already; None: they do not.
        how: how it is measured, in place of the protocol's sentence; None: that.
        keeps_cells: cells that were measured for other benches stay in the table.
    """

    name: str
    title: str
    question: str
    cells: tuple[Cell, ...]
    measure: Callable[[Bench, Cell], Figures]
    columns: tuple[Column, ...]
    headline: str = "pooled"
    plots: tuple[Plot, ...] = ()
    notes: tuple[str, ...] = ()
    remarks: Callable[[Sequence[Row]], Sequence[str]] = field(default=lambda _rows: ())
    reads_photos: bool = False
    cells_of: Callable[[Bench], tuple[Cell, ...]] | None = None
    how: str | None = None
    keeps_cells: bool = False

    def __post_init__(self) -> None:
        keys = [cell.key for cell in self.cells]
        if not keys or len(set(keys)) != len(keys):
            raise ValueError(f"the experiment {self.name!r} has no cells, or two of one key")
