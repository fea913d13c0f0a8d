"""The page of a training: pictures, how they came about, curves, choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from markupsafe import Markup

from partly.data.photos import PhotoSet, read_photo
from partly.evaluation.report import (
    KeyFigure,
    Picture,
    Section,
    Series,
    curves,
    key_figures,
    key_values,
    notes,
    page,
    picture_grid,
    table,
)
from partly.project.trainings.kept_averages import AverageChoice, average_section
from partly.project.trainings.stopping_section import stopping_section
from partly.project.trainings.training_folder import TrainingFolder, doubling
from partly.project.trainings.training_samples import shown_classes
from partly.storage import write_text
from partly.training.recipes import TrainingChoices, code_names

_MOST_EARLIER = 8
_WIDE_PX = 720
_CHARTS = (
    ("Losses", "loss", (("generator", "generator_loss"), ("discriminator", "discriminator_loss"))),
    ("What the discriminator says", "mean score", (("photos", "real_score"), ("pictures", "fake_score"))),
    ("How much is augmented", "probability", (("p", "augment_p"),)),
    ("What pictures tell of their code", "nats", (("mutual information, at least", "information"),)),
    ("Loss", "nats a value", (("evidence lower bound", "loss"),)),
    ("Difference of photos and pictures", "mean difference", (("difference", "difference"),)),
    ("Moments of photos and pictures", "root of the discrepancy", (("discrepancy", "discrepancy"),)),
    ("What latents know of photos", "nats", (("divergence", "divergence"),)),
)
_LIMITS = (
    "Few photos, or few of them shown, give pictures that repeat photos or lack variety: look at measures, "
    "and not at the grid alone.",
    "The generator learns what the photos show, with all their biases; it knows nothing else.",
    "Losses of generator and discriminator are a game: they tell of trouble, not of quality.",
)


def write_training_page(
    place: TrainingFolder,
    choices: TrainingChoices,
    photos: PhotoSet,
    classes: Mapping[str, int] | None = None,
    averages: AverageChoice | None = None,
) -> Path:
    """Write ``index.html`` of a training, with whatever there is yet.

    Args:
        place: of the training.
        choices: of it.
        photos: that it learns from.
        classes: how many photos each class has, in order; none: there are no classes.
        averages: those that it ended with, if it kept several.
    """
    log = place.log()
    sections = [
        *_picture_sections(place, _grid_text(choices, classes or {})),
        *stopping_section(place.evaluations(), has_ended=place.best_grid.is_file()),
        *average_section(averages),
        *_measure_section(place),
        *_curve_sections(log),
        _choice_section(choices),
        *_class_section(classes or {}),
        *_failed_section(photos),
        Section("How to read this", [notes(_LIMITS)]),
    ]
    html = page(
        f"Generator {place.root.resolve().name}",
        sections,
        lead=f"{choices.family} of {choices.size_px} px, trained on {len(photos)} photos.",
        header=[key_figures(_figures(log, photos))],
    )
    write_text(place.page, html)
    return place.page


def _figures(log: Sequence[dict[str, Any]], photos: PhotoSet) -> list[KeyFigure]:
    figures = [KeyFigure("Photos", f"{len(photos)}", note="learned from")]
    if log:
        last = log[-1]
        share = 100 * last["step"] / last["n_steps"]
        note = f"photos, with repetitions: {share:.0f} % of the plan"
        figures += [
            KeyFigure("Shown", f"{last['n_seen']}", note=note),
            KeyFigure("Speed", f"{last['pictures_per_s']:.1f}", "photos/s"),
        ]
    return figures


def _picture_sections(place: TrainingFolder, grid_text: str) -> list[Section]:
    grids, strips, sweeps = place.grids(), place.strips(), place.sweeps()
    if not grids:
        return []
    n_seen, newest = grids[-1]
    sections = []
    if place.best_grid.is_file():
        sections += [
            Section(
                "Pictures of the chosen generator",
                [picture_grid([_picture(place.best_grid, "the generator in the folder")], width_px=_WIDE_PX)],
                intro=grid_text,
            )
        ]
    sections += [
        Section(
            "Pictures",
            [picture_grid([_picture(newest, f"after {n_seen} photos")], width_px=_WIDE_PX)],
            intro=grid_text,
        )
    ]
    if sweeps:
        sections.append(
            Section(
                "Continuous codes",
                [picture_grid([_picture(sweeps[-1][1], "")], width_px=_WIDE_PX)],
                intro="In each row, one continuous code goes from -2 to 2, and all else stays. What changes "
                "along all rows of a code is what it means.",
            )
        )
    if strips:
        sections.append(
            Section(
                "From one to another",
                [picture_grid([_picture(strips[-1][1], "")], width_px=_WIDE_PX)],
                intro="In each row, the straight way between two latents. Sudden changes mean that "
                "single photos were learned by heart.",
            )
        )
    earlier = doubling(grids[:-1])[-_MOST_EARLIER:]
    if earlier:
        pictures = [_picture(path, f"after {n} photos") for n, path in earlier]
        sections.append(Section("How they came about", [picture_grid(pictures, width_px=320)]))
    return sections


def _grid_text(choices: TrainingChoices, classes: Mapping[str, int]) -> str:
    codes = code_names(getattr(choices, "codes", None) or 0)
    names = [*codes, *classes]
    if not names:
        return "Random pictures, not truncated, always of the same latents."
    shown, what = shown_classes(names), "code" if codes else "class"
    each = (
        f"each {what}" if len(shown) == len(names) else f"each of {len(shown)} of the {len(names)} {what}es"
    )
    return (
        f"A row for {each}: {', '.join(shown)}. Random pictures, not truncated, always of the same "
        "latents; those above each other share one."
    )


def _class_section(classes: Mapping[str, int]) -> list[Section]:
    return [Section("Classes", [table(["class", "photos"], [*classes.items()])])] if classes else []


def _picture(path: Path, caption: str) -> Picture:
    return Picture(read_photo(path).pixels, caption)


def _curve_sections(log: Sequence[dict[str, Any]]) -> list[Section]:
    if len(log) < 2:
        return []
    seen = [line["n_seen"] for line in log]

    def series(name: str, key: str) -> Series:
        return Series(name, seen, [float("nan") if line.get(key) is None else line[key] for line in log])

    charts = [
        curves(
            [series(name, key) for name, key in lines if key in log[-1]],
            title=title,
            x_label="photos shown",
            y_label=y_label,
        )
        for title, y_label, lines in _CHARTS
        if any(log[-1].get(key) is not None for _, key in lines)
    ]
    return [Section("Curves", [*charts, *_term_charts(log)])]


def _term_charts(log: Sequence[dict[str, Any]]) -> list[Markup]:
    """The terms of each player, where there are more than the one that is its loss."""
    seen = [line["n_seen"] for line in log]
    charts = []
    for player in ("generator", "discriminator"):
        lines: list[dict[str, float]] = [line.get(f"{player}_terms", {}) for line in log]
        names = list(dict.fromkeys(name for line in lines for name in line))
        if len(names) > 1:
            series = [Series(name, seen, [line.get(name, float("nan")) for line in lines]) for name in names]
            charts.append(
                curves(series, title=f"Terms of the {player}", x_label="photos shown", y_label="loss")
            )
    return charts


def _measure_section(place: TrainingFolder) -> list[Section]:
    lines = place.measures()
    if not lines:
        return []
    seen, last = [line["n_seen"] for line in lines], lines[-1]

    def chart(title: str, y_label: str, keys: Sequence[str]) -> Markup:
        series = [Series(key, seen, [line[key] for line in lines]) for key in keys]
        return curves(series, title=title, x_label="photos shown", y_label=y_label, log_x=True)

    names = ("n_seen", "frechet", "kernel", "kernel_error", "precision", "recall", "density", "coverage")
    rows = [[line[name] if name == "n_seen" else round(line[name], 3) for name in names] for line in lines]
    titles = ("photos shown", "Fréchet", "kernel x 1000", "±", "precision", "recall", "density", "coverage")
    return [
        Section(
            "Measures",
            [
                chart("Kernel distance", "x 1000", ["kernel"]),
                chart("Quality and variety", "share", ["precision", "recall", "coverage"]),
                table(titles, rows),
            ],
            intro=f"{last['n_pictures']} pictures beside {last['n_photos']} photos, as the feature network "
            f"{last['network']} sees them: figures compare with each other only, and are no FID or KID. "
            "Precision falls where pictures are bad, recall and coverage where variety is lost.",
        )
    ]


def _choice_section(choices: TrainingChoices) -> Section:
    values = {name: value for name, value in asdict(choices).items() if value is not None}
    return Section("Choices", [key_values(values)])


def _failed_section(photos: PhotoSet) -> list[Section]:
    if not photos.failed:
        return []
    return [Section("Photos that cannot be read", [table(["photo", "reason"], photos.failed)])]
