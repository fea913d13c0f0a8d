"""The page and the table of a generator's evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup
from rich.table import Table

from partly.data.photos import side_by_side, thumbnail
from partly.evaluation.metrics.generator_figures import GeneratorFigures
from partly.evaluation.metrics.generator_scores import GeneratorEvaluation, Pair
from partly.evaluation.metrics.reconstruction_errors import MinimumReconstruction, Reconstruction
from partly.evaluation.report.difference_section import difference_sections
from partly.evaluation.report.html_pages import page
from partly.evaluation.report.html_tables import key_values, notes, table
from partly.evaluation.report.page_parts import KeyFigure, key_figures
from partly.evaluation.report.picture_panels import Panel, Picture, panels, picture_grid
from partly.evaluation.report.section import Section
from partly.evaluation.report.templates_rendering import count, percent

_INCEPTION = "inception"
_PAIR_PX = 256
_HOW_TO_READ = (
    "Fréchet and kernel distance: 0 for pictures that are as photos, less is better. They fall when pictures "
    "get better and when they get more varied, and do not tell which.",
    "Precision and density: how much of the pictures lies among the photos, which is how good they are. "
    "Density can exceed 1.",
    "Recall and coverage: how much of the photos has pictures near it. Low ones beside good precision mean a "
    "generator that makes a few kinds of pictures only (mode collapse).",
    "Closest pictures: a generator that has learned by heart gives a photo again, its background too. Faces "
    "of the same pose before a plain background can lie close without being the same.",
    "Least covered photos: kinds of photos that the generator does not make. Broken or misplaced photos come "
    "first here too: it is worth while to take those out before a training.",
)
_ABOUT_ERRORS = (
    "Minimum reconstruction error (MRE): mean absolute difference per value, where values go from -1 to 1, "
    "of photos and the nearest pictures that a search finds. Of held-out photos it says how much of their "
    "kind the generator can make. Where it is clearly less for photos that it was trained on, it memorises."
)


def generator_page(
    evaluation: GeneratorEvaluation, *, title: str, lead: str = "", settings: Mapping[str, object]
) -> str:
    """A page that shows an evaluation of a generator: figures, pictures, copies, gaps, notes, settings.

    Args:
        evaluation: what to show.
        title: the page's title.
        lead: a sentence or two below it, plain text.
        settings: how the evaluation was made: names and values.
    """
    return page(
        title,
        [
            Section("Figures", [_figures_table(evaluation)]),
            Section(
                "Pictures",
                [picture_grid(_random(evaluation), width_px=112)],
                intro="The first pictures of the seed; none was chosen, and none is truncated.",
            ),
            Section(
                "Closest to photos",
                [_pairs(evaluation.closest, picture_first=True)],
                intro=_memorisation_text(evaluation),
            ),
            Section(
                "Least covered photos",
                [_pairs(evaluation.least_covered, picture_first=False)],
                intro="Photos with no picture near, each beside its nearest picture. The number says how "
                "many times further away that is than the photo’s fifth neighbour among the photos; above 1 "
                "the photo is not covered.",
            ),
            *_reconstruction(evaluation.reconstruction),
            *difference_sections(evaluation.differences),
            Section("How to read it", [notes(_how_to_read(evaluation))]),
            Section("Notes", [notes(evaluation.notes)]),
            *_skipped(evaluation),
            Section("Settings", [key_values(settings)]),
        ],
        lead=lead,
        header=[_key_figures(evaluation)],
    )


def generator_table(evaluation: GeneratorEvaluation) -> Table:
    """The figures for the terminal."""
    figures = evaluation.figures
    caption = f"{count(figures.n_pictures)} pictures, {count(figures.n_photos)} photos"
    shown = Table(caption=caption, show_header=False)
    shown.add_column("figure")
    shown.add_column("value", justify="right")
    shown.add_column("")
    for name, value, note in figure_rows(evaluation):
        shown.add_row(name, value, note)
    return shown


def figure_rows(evaluation: GeneratorEvaluation) -> list[tuple[str, str, str]]:
    """Name, value and meaning of every figure."""
    figures, memorisation = evaluation.figures, evaluation.memorisation
    kernel, manifold = figures.kernel, figures.manifold
    frechet_name, kernel_name = distance_names(figures)
    return [
        (frechet_name, f"{figures.frechet:.2f}", "less is better; only beside the same numbers"),
        (
            f"{kernel_name} x 1000",
            f"{1000 * kernel.mean:.2f} ± {1000 * kernel.standard_error:.2f}",
            "less is better; with its standard error",
        ),
        ("Precision", f"{percent(manifold.precision)} %", "of the pictures lie among the photos"),
        ("Density", f"{manifold.density:.2f}", "how densely; 1 for pictures that are as photos"),
        ("Recall", f"{percent(manifold.recall)} %", "of the photos lie among the pictures"),
        (
            "Coverage",
            f"{percent(manifold.coverage)} %",
            f"of the photos have a picture near; {percent(figures.expected_coverage, 0)} % at best",
        ),
        (
            "Suspected copies",
            f"{count(memorisation.n_suspects)} ({percent(memorisation.share)} %)",
            f"about {percent(memorisation.quantile, 0)} % where nothing is copied",
        ),
        *_error_rows(evaluation.reconstruction),
    ]


def _error_rows(found: MinimumReconstruction | None) -> list[tuple[str, str, str]]:
    """The minimum reconstruction error of each set; nothing where it was not asked for."""
    if found is None:
        return []
    return [
        (
            f"MRE, {name}",
            f"{errors.mean:.4f} ± {errors.standard_error:.4f}"
            if errors.n_photos > 1
            else f"{errors.mean:.4f}",
            f"of the nearest picture, {count(errors.n_photos)} photos; {found.distance_name} "
            f"{errors.distance:.4f}; less is better",
        )
        for name, errors in found.sets()
    ]


def _how_to_read(evaluation: GeneratorEvaluation) -> Sequence[str]:
    return _HOW_TO_READ if evaluation.reconstruction is None else (*_HOW_TO_READ, _ABOUT_ERRORS)


def _reconstruction(found: MinimumReconstruction | None) -> Sequence[Section]:
    """Photos of each set with their nearest pictures; nothing where they were not searched for."""
    if found is None:
        return ()
    groups = [
        _reconstructed(one, name, found.distance_name)
        for name, errors in found.sets()
        for one in errors.examples
    ]
    intro = (
        "Photos and the nearest pictures that were found, with what differs, twice as bright. None was "
        "chosen by how well it was found."
    )
    return (Section("Photos and their nearest pictures", [panels(groups)], intro=intro),)


def _reconstructed(one: Reconstruction, set_name: str, distance_name: str) -> Panel:
    differences = 2 * np.abs(one.photo.astype(np.int16) - one.picture)
    shown = differences.clip(0, 255).astype(np.uint8)
    return Panel(
        one.name,
        (
            Picture(one.photo, f"{one.name}: the photo", "photo"),
            Picture(one.picture, f"{one.name}: the nearest picture", "nearest picture"),
            Picture(shown, f"{one.name}: what differs", "difference"),
        ),
        figure=f"{one.error:.4f}",
        note=f"of the {set_name}; {distance_name} {one.distance:.4f}",
    )


def distance_names(figures: GeneratorFigures) -> tuple[str, str]:
    """What Fréchet and kernel distance are called: FID and KID with Inception features only."""
    if figures.network == _INCEPTION:
        return "FID", "KID"
    return f"Fréchet distance ({figures.network})", f"Kernel distance ({figures.network})"


def _key_figures(evaluation: GeneratorEvaluation) -> Markup:
    rows = {name: value for name, value, _ in figure_rows(evaluation)}
    chosen = [name for name in rows if name.split(" ")[0] not in ("Precision", "Density", "Recall")]
    return key_figures([KeyFigure(name, *_split(rows[name])) for name in chosen])


def _split(value: str) -> tuple[str, str]:
    """The number, and what is set smaller beside it."""
    number, _, rest = value.partition(" ")
    return number, rest


def _figures_table(evaluation: GeneratorEvaluation) -> Markup:
    return table(["Figure", "Value", "Meaning"], figure_rows(evaluation))


def _random(evaluation: GeneratorEvaluation) -> list[Picture]:
    return [Picture(pixels, f"picture {i}") for i, pixels in enumerate(evaluation.random_pictures)]


def _memorisation_text(evaluation: GeneratorEvaluation) -> str:
    found = evaluation.memorisation
    return (
        f"Pictures that lie closest to a photo, on the left, each photo once. {count(found.n_suspects)} of "
        f"{count(evaluation.figures.n_pictures)} lie within {found.threshold:.3g}, where only "
        f"{percent(found.quantile, 0)} % of the photos have another photo: look whether they are copies. "
        "The number is the distance as a share of that; 1 or less is a suspect."
    )


def _pairs(pairs: Sequence[Pair], *, picture_first: bool) -> Markup:
    """Each pair as one picture, so that what is compared stands side by side on any screen."""
    return picture_grid([_side_by_side(pair, picture_first) for pair in pairs], width_px=256)


def _side_by_side(pair: Pair, picture_first: bool) -> Picture:
    picture, photo = (thumbnail(pixels, _PAIR_PX) for pixels in (pair.picture, pair.photo))
    texts = [f"picture {pair.picture_index}", f"photo {pair.photo_name}"]
    both = [picture, photo]
    if not picture_first:
        both, texts = both[::-1], texts[::-1]
    return Picture(
        side_by_side(both, gap_px=2), " beside ".join(texts), f"{pair.ratio:.2f}: {', '.join(texts)}"
    )


def _skipped(evaluation: GeneratorEvaluation) -> Sequence[Section]:
    if not evaluation.skipped:
        return ()
    rows = [(photo.name, photo.reason) for photo in evaluation.skipped]
    return (Section("Skipped photos", [table(["Photo", "Why"], rows)], intro="They are in no figure."),)
