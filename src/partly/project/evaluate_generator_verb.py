"""A generator against photos, with the page and the JSON that are kept of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from partly.data.photos import Fit, PhotoSet, PhotoSources, find_photos, make_photo_set
from partly.errors import BadOption
from partly.evaluation.generators import (
    ReconstructionOptions,
    evaluate_generator,
    minimum_reconstruction,
    what_differs,
)
from partly.evaluation.metrics import (
    Differences,
    GeneratorEvaluation,
    MinimumReconstruction,
    Skipped,
    check_numbers,
)
from partly.evaluation.report import generator_page
from partly.inference.invert import chosen_distance
from partly.machine import PROCESSOR, Machine
from partly.models.generators import Generator
from partly.models.zoo import load_feature_network, load_generator
from partly.project.evaluation_options import GeneratorEvaluationChoices
from partly.project.project_folder import is_project, open_project
from partly.storage import cache_folder, only_writer, write_json, write_text

OnProgress = Callable[[str, int, int], None]
OnNote = Callable[[str], None]


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
    on_note: OnNote | None = None,
) -> GeneratorEvaluation:
    """Compare a generator with photos; squares, features and latents are kept in the cache.

    Args:
        what: the generator; see :func:`generator_of`.
        photos: folder or zip.
        choices: how.
        on_progress: told what is done, how much of it and of how much.
        machine: on which generator and feature network work; if not the plain processor, a note says so.
            The feature network always computes in float32, since figures are compared to four digits.
        on_note: told, before the searches of the minimum reconstruction error, how long they take.

    Raises:
        BadOption: too few photos or pictures, no photo that can be read, or held-out photos of which none is
            to be searched for.
        PartlyError: as the readers of generators, feature networks and photos.
    """
    if choices.held_out is not None and not choices.n_mre_photos:
        raise BadOption(
            "--held-out with --mre-photos 0",
            expected="1 or more photos of each set that are searched for",
            remedy="Leave out one of both",
        )
    generator = generator_of(what)
    network = load_feature_network(choices.features)
    machine.place(*(model for model in (generator, network) if isinstance(model, nn.Module)))
    sources = find_photos(photos, max_pages=choices.max_pages)
    check_numbers(len(sources), choices.n_pictures)
    squares = _squares(photos, sources, generator, choices.fit, "reading photos", on_progress)
    found = _reconstruction(generator, squares, choices, machine, on_note, on_progress)
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
    return replace(
        evaluation,
        reconstruction=found.figures,
        differences=_differences(generator, squares, choices, machine, on_progress),
        skipped=(*evaluation.skipped, *found.skipped),
        notes=(*evaluation.notes, *found.notes, *sources.told(), *made_on),
    )


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
        **({} if choices.held_out is None else {"held-out photos": choices.held_out}),
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


def _differences(
    generator: Generator,
    photos: PhotoSet,
    choices: GeneratorEvaluationChoices,
    machine: Machine,
    on_progress: OnProgress | None,
) -> Differences | None:
    """How pictures differ from photos, if it is asked for."""
    if not choices.what_differs:
        return None

    def progress(done: int, total: int) -> None:
        if on_progress:
            on_progress("making pictures to tell from photos", done, total)

    return what_differs(generator, photos, choices.seed, machine=machine, on_progress=progress)


@dataclass(frozen=True)
class _Found:
    """What the searches for photos found; nothing where none were asked for."""

    figures: MinimumReconstruction | None = None
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()


def _reconstruction(
    generator: Generator,
    training: PhotoSet,
    choices: GeneratorEvaluationChoices,
    machine: Machine,
    on_note: OnNote | None,
    on_progress: OnProgress | None,
) -> _Found:
    """The minimum reconstruction error, if it is asked for."""
    if not choices.n_mre_photos:
        return _Found()
    held_out, notes = None, list[str]()
    if choices.held_out is not None:
        sources = find_photos(choices.held_out, max_pages=choices.max_pages)
        title = "reading held-out photos"
        held_out = _squares(choices.held_out, sources, generator, choices.fit, title, on_progress)
        notes += sources.told()
    chosen = chosen_distance()
    figures = minimum_reconstruction(
        generator,
        training,
        held_out,
        ReconstructionOptions(choices.n_mre_photos, choices.n_mre_steps, choices.n_mre_starts),
        chosen.distance,
        folder=cache_folder() / "reconstructions",
        machine=machine,
        on_forecast=lambda forecast: on_note(str(forecast)) if on_note else None,
        on_progress=on_progress,
    )
    failed = () if held_out is None else held_out.failed
    return _Found(
        figures,
        tuple(Skipped(name, reason) for name, reason in failed),
        (*figures.remarks(), *([chosen.note] if chosen.note else []), *notes),
    )


def _squares(
    photos: Path,
    sources: PhotoSources,
    generator: Generator,
    fit: Fit,
    title: str,
    on_progress: OnProgress | None,
) -> PhotoSet:
    """Photos as squares of the generator's size, kept in the cache."""

    def on_photo(done: int, total: int) -> None:
        if on_progress:
            on_progress(title, done, total)

    folder = _squares_folder(photos, generator.image_size_px, fit)
    with only_writer(folder):
        return make_photo_set(sources.sources, folder, generator.image_size_px, fit, on_photo)


def _squares_folder(photos: Path, size_px: int, fit: Fit) -> Path:
    """Where the squares are kept: a place for each place of photos, size and fit."""
    name = hashlib.sha256(f"{photos.resolve()} {size_px} {fit}".encode()).hexdigest()[:32]
    return cache_folder() / "photos" / name
