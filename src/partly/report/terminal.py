"""An evaluation as a table for the terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from partly.metrics.evaluation import Evaluation, PartScore
from partly.report.rendering import count, percent

_BAR_CELLS = 20


def evaluation_table(evaluation: Evaluation) -> Table:
    """The figures of every part, both means of the IoU and the pixel accuracy, all in percent."""
    table = Table(
        title=f"{count(evaluation.n_photos)} photos", title_justify="left", caption=_caption(evaluation)
    )
    table.add_column("part")
    table.add_column("IoU pooled", justify="right")
    table.add_column("")
    table.add_column("IoU per photo", justify="right")
    table.add_column("precision", justify="right")
    table.add_column("recall", justify="right")
    table.add_column("area", justify="right")
    for part, score in zip(evaluation.part_set.parts, evaluation.parts, strict=True):
        table.add_row(Text(part.name), *_figures(score, part.colour))
    table.add_section()
    mean = evaluation.mean_iou
    table.add_row("mean", percent(mean.pooled), "", percent(mean.per_photo), "", "", "", style="bold")
    return table


def _figures(score: PartScore, colour: tuple[int, int, int]) -> tuple[str | Text, ...]:
    return (
        percent(score.iou),
        _bar(score.iou, colour),
        percent(score.iou_per_photo),
        percent(score.precision),
        percent(score.recall),
        percent(score.share),
    )


def _bar(share: float, colour: tuple[int, int, int]) -> Text:
    n_cells = round(share * _BAR_CELLS) if share == share else 0
    red, green, blue = colour
    return Text("█" * n_cells, style=f"rgb({red},{green},{blue})")


def _caption(evaluation: Evaluation) -> str:
    text = f"pixel accuracy {percent(evaluation.pixel_accuracy)} %"
    if evaluation.skipped:
        text += f"; {count(len(evaluation.skipped))} skipped"
    return text
