"""The sections of a page that show an evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup
from rich.table import Table
from rich.text import Text

from partly.evaluation.metrics.evaluation_scores import Evaluation, PartScore
from partly.evaluation.report.charts import histogram
from partly.evaluation.report.html_pages import page
from partly.evaluation.report.html_tables import confusion_table, key_values, legend, notes, part_table, table
from partly.evaluation.report.page_parts import KeyFigure, key_figures, ribbon
from partly.evaluation.report.picture_panels import worst_photos
from partly.evaluation.report.section import Section
from partly.evaluation.report.templates_rendering import count, percent

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


def evaluation_page(
    evaluation: Evaluation,
    *,
    title: str = "Evaluation",
    lead: str = "",
    settings: Mapping[str, object] | None = None,
    sections: Sequence[Section] = (),
) -> str:
    """A page that shows an evaluation: key figures, parts, photos, confusions, notes, settings.

    Args:
        evaluation: what to show.
        title: the page's title.
        lead: a sentence or two below it, plain text.
        settings: how the evaluation was made: names and values.
        sections: further sections, put before the notes.
    """
    shares = [part.share for part in evaluation.parts]
    return page(
        title,
        [*evaluation_sections(evaluation), *sections, *_closing_sections(evaluation, settings)],
        lead=lead,
        header=[ribbon(evaluation.part_set, shares), evaluation_figures(evaluation)],
    )


def evaluation_figures(evaluation: Evaluation) -> Markup:
    """The key figures of an evaluation: both means of the IoU, pixel accuracy, number of photos."""
    mean = evaluation.mean_iou
    n_skipped = len(evaluation.skipped)
    return key_figures(
        [
            KeyFigure("Mean IoU, pooled", percent(mean.pooled), "%", "over all pixels, then over parts"),
            KeyFigure(
                "Mean IoU, per photo", percent(mean.per_photo), "%", "over each photo’s parts, then photos"
            ),
            KeyFigure("Pixel accuracy", percent(evaluation.pixel_accuracy), "%", _left_out(evaluation)),
            KeyFigure(
                "Photos", count(evaluation.n_photos), note=f"{count(n_skipped)} skipped" if n_skipped else ""
            ),
        ]
    )


def evaluation_sections(evaluation: Evaluation) -> list[Section]:
    """What an evaluation found about parts, photos and confusions."""
    return [
        Section("Parts", [part_table(evaluation)]),
        *_photo_sections(evaluation),
        Section(
            "Confusions",
            [confusion_table(evaluation)],
            intro="What became of each part’s true pixels: right ones on the diagonal, wrong ones beside it.",
        ),
    ]


def _photo_sections(evaluation: Evaluation) -> list[Section]:
    means = [100 * photo.mean_iou for photo in evaluation.photos]
    sections = []
    if len(means) > 1:
        chart = histogram(
            means,
            title="Mean IoU of single photos",
            low=0,
            high=100,
            n_bins=25,
            x_label="mean IoU of a photo, %",
            y_label="photos",
        )
        sections.append(Section("Photos", [chart]))
    if evaluation.worst:
        sections.append(
            Section(
                "Worst photos",
                [legend(evaluation.part_set), worst_photos(evaluation.worst, evaluation.part_set)],
                intro="Where the prediction agrees least with the truth, worst first. A click enlarges a "
                "picture; the arrow keys then go from one to the next.",
            )
        )
    return sections


def _closing_sections(evaluation: Evaluation, settings: Mapping[str, object] | None) -> list[Section]:
    sections = []
    if evaluation.notes:
        sections.append(Section("Notes", [notes(evaluation.notes)]))
    if evaluation.skipped:
        rows = [(photo.name, photo.reason) for photo in evaluation.skipped]
        sections.append(
            Section(
                "Skipped photos", [table(["Photo", "Why"], rows)], intro="They are in none of the figures."
            )
        )
    if settings:
        sections.append(Section("Settings", [key_values(settings)]))
    return sections


def _left_out(evaluation: Evaluation) -> str:
    n_all = evaluation.n_pixels + evaluation.n_left_out
    if not evaluation.n_left_out:
        return f"of {count(evaluation.n_pixels)} pixels"
    return f"{percent(evaluation.n_left_out / n_all)} % of all pixels have no truth"
