"""All measured experiments on one page, below what a person wrote at its head."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from experiments.experiment import Experiment, Row
from experiments.protocol import HALVES, Protocol
from experiments.store import results_folder, rows_of, with_kept_cells
from experiments.summary import images_of, plot_svg, summary_markdown
from partly.errors import BadOption
from partly.storage import write_bytes, write_text

MARKER = "<!-- results below are written by python -m experiments --collect -->"
_HEAD = "# Results\n"


def collect(
    experiments: Iterable[Experiment],
    out: Path,
    file: Path,
    protocol: Protocol,
    *,
    with_images: bool = True,
) -> list[str]:
    """Write the page; figures of cells, plots and images go to a folder of its name beside it.

    What lies there and is not in ``out`` stays on the page: cells may be measured on several machines.

    Args:
        experiments: in the order of the page; those without any measured cell are left out.
        out: folder of results.
        file: the page. What stands in it above :data:`MARKER` is kept.
        protocol: cells that were measured otherwise do not count.
        with_images: also what shows pictures of the generator, whose licence may not let you publish them.

    Returns:
        Titles of the experiments on the page.

    Raises:
        BadOption: the file is there without the marker, so that all of it may be a person's.
    """
    head = _head(file)
    titles, sections = [], []
    for experiment in experiments:
        for half in HALVES if experiment.reads_photos else HALVES[:1]:
            folder = results_folder(out, experiment, half)
            beside = file.with_suffix("") / folder.name
            measured = with_kept_cells(experiment, folder, protocol)
            _take(measured, folder, beside, protocol, with_images=with_images)
            rows = rows_of(with_kept_cells(experiment, beside, protocol), beside, protocol)
            if not with_images:
                rows = [_without_images(row) for row in rows]
            if not any(row.figures for row in rows):
                continue
            for plot in experiment.plots:
                write_text(beside / f"{plot.name}.svg", plot_svg(plot, rows))
            place = f"{file.stem}/{folder.name}/"
            sections.append(summary_markdown(experiment, rows, protocol, half, place))
            titles.append(experiment.title)
    write_text(file, "\n".join([f"{head}{MARKER}\n", *sections]))
    return titles


def _take(
    experiment: Experiment, folder: Path, beside: Path, protocol: Protocol, *, with_images: bool
) -> None:
    """Copy measured cells and their images to the folder beside the page."""
    rows = [row for row in rows_of(experiment, folder, protocol) if row.figures]
    images = images_of(rows) if with_images else ()
    for name in [*(f"{row.cell.key}.json" for row in rows), *images]:
        write_bytes(beside / name, (folder / name).read_bytes())


def _without_images(row: Row) -> Row:
    figures = row.figures and {name: value for name, value in row.figures.items() if name != "images"}
    return Row(row.cell, figures)


def _head(file: Path) -> str:
    """What stands above the marker."""
    if not file.exists():
        return _HEAD + "\n"
    head, marker, _ = file.read_text(encoding="utf-8").partition(MARKER)
    if not marker:
        raise BadOption(
            "has no line that says where the results begin",
            expected=f"the line {MARKER}",
            remedy="Put it below what is to be kept, or name a new file",
            path=file,
        )
    return head
