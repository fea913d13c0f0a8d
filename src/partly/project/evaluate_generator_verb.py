"""A generator against photos, with the page and the JSON that are kept of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from torch import nn

from partly.data.photos import Fit, find_photos, make_photo_set
from partly.evaluation.generators import evaluate_generator
from partly.evaluation.metrics import GeneratorEvaluation, check_numbers
from partly.evaluation.report import generator_page
from partly.machine import PROCESSOR, Machine
from partly.models.generators import Generator
from partly.models.zoo import load_feature_network, load_generator
from partly.project.evaluation_options import GeneratorEvaluationChoices
from partly.project.project_folder import is_project, open_project
from partly.storage import cache_folder, only_writer, write_json, write_text

OnProgress = Callable[[str, int, int], None]


def generator_of(what: str) -> Generator:
    """The generator that a user means: a project's, one that ``partly get`` knows, or a model folder.

    Raises:
        BadModelFile: there is none, or it is damaged.
        BadProject: the project is damaged.
        NotAvailable: it must be got first.
    """
    return load_generator(open_project(what).generator_source if is_project(Path(what)) else what)


def evaluate_generator_against(
    what: str,
    photos: Path,
    choices: GeneratorEvaluationChoices,
    on_progress: OnProgress | None = None,
    machine: Machine = PROCESSOR,
) -> GeneratorEvaluation:
    """Compare a generator with photos; squares and features are kept in the cache.

    Args:
        what: the generator; see :func:`generator_of`.
        photos: folder or zip.
        choices: how.
        on_progress: told what is done, how much of it and of how much.
        machine: on which generator and feature network work; if not the plain processor, a note says so.
            The feature network always computes in float32, since figures are compared to four digits.

    Raises:
        BadOption: too few photos or pictures, or no photo that can be read.
        PartlyError: as the readers of generators, feature networks and photos.
    """
    generator = generator_of(what)
    network = load_feature_network(choices.features)
    machine.place(*(model for model in (generator, network) if isinstance(model, nn.Module)))
    sources = find_photos(photos, max_pages=choices.max_pages)
    check_numbers(len(sources), choices.n_pictures)

    def on_photo(done: int, total: int) -> None:
        if on_progress:
            on_progress("reading photos", done, total)

    folder = _squares_folder(photos, generator.image_size_px, choices.fit)
    with only_writer(folder):
        squares = make_photo_set(sources.sources, folder, generator.image_size_px, choices.fit, on_photo)
    evaluation = evaluate_generator(
        generator,
        squares,
        network,
        choices.n_pictures,
        choices.seed,
        folder=cache_folder() / "features",
        on_progress=on_progress,
        machine=machine,
    )
    made_on = () if machine.is_plain else (f"Made and compared on {machine.name}.",)
    return replace(evaluation, notes=(*evaluation.notes, *sources.told(), *made_on))


def write_generator_evaluation(
    folder: Path,
    evaluation: GeneratorEvaluation,
    what: str,
    photos: Path,
    choices: GeneratorEvaluationChoices,
) -> Path:
    """Write ``generator-evaluation.json`` and ``generator-evaluation.html``; returns the page's path."""
    write_json(folder / "generator-evaluation.json", evaluation.to_json())
    figures = evaluation.figures
    settings = {
        "generator": what,
        "photos": photos,
        "fit": choices.fit,
        "feature network": f"{figures.network}, sha256 {figures.network_digest[:16]}…",
        "pictures": figures.n_pictures,
        "photos counted": figures.n_photos,
        "seed": evaluation.seed,
    }
    html = generator_page(
        evaluation,
        title=f"Generator {Path(what).name}",
        lead=f"Its pictures beside the photos of {photos.name}, as the feature network "
        f"{figures.network!r} sees them.",
        settings=settings,
    )
    page = folder / "generator-evaluation.html"
    write_text(page, html)
    return page


def _squares_folder(photos: Path, size_px: int, fit: Fit) -> Path:
    """Where the squares are kept: a place for each place of photos, size and fit."""
    name = hashlib.sha256(f"{photos.resolve()} {size_px} {fit}".encode()).hexdigest()[:32]
    return cache_folder() / "photos" / name
