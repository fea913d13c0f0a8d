"""The sections of a page that show an evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from partly.metrics.evaluation import Evaluation
from partly.report.charts import histogram
from partly.report.figures import KeyFigure, key_figures
from partly.report.pages import page
from partly.report.panels import worst_photos
from partly.report.rendering import count, percent
from partly.report.ribbon import ribbon
from partly.report.section import Section
from partly.report.tables import confusion_table, key_values, legend, notes, part_table, table


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
