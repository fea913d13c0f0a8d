"""Photos to latents of a generator, with the page that is kept of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from partly.data.photos import find_photos, read_photo
from partly.errors import counted, listed
from partly.evaluation.report import FoundPhoto, inversion_page
from partly.inference.invert import (
    Forecast,
    InversionEntry,
    InversionSummary,
    InvertOptions,
    chosen_distance,
    has_mapping,
    invert_folder,
    photo_beside,
)
from partly.machine import PROCESSOR, Machine
from partly.models.encoders import LatentEncoder, load_latent_encoder
from partly.models.generators import Generator
from partly.project.evaluate_generator_verb import generator_of
from partly.storage import cache_folder, write_text

OnProgress = Callable[[str, int, int], None]
_N_SHOWN = 60


@dataclass(frozen=True)
class Inversion:
    """What was found of photos.

    Attributes:
        summary: of all photos.
        page: the file of the page.
        notes: sentences for people.
        encoder: the folder of the encoder that searches began from; None: none.
    """

    summary: InversionSummary
    page: Path
    notes: tuple[str, ...]
    encoder: Path | None

    def to_json(self) -> dict[str, Any]:
        """What a script is told."""
        found = self.summary
        return {
            "folder": str(found.folder),
            "page": str(self.page),
            "encoder": None if self.encoder is None else str(self.encoder),
            "inverted": found.inverted,
            "kept": found.kept,
            "diverged": found.diverged,
            "photos": [entry.to_json() for entry in found.entries],
            "failed": [{"photo": name, "reason": reason} for name, reason in found.failed],
            "notes": list(self.notes),
        }


def invert_with(
    what: str,
    photos: Sequence[Path],
    folder: Path,
    options: InvertOptions,
    encoder_folder: Path | None = None,
    *,
    machine: Machine = PROCESSOR,
    on_note: Callable[[str], None] | None = None,
    on_forecast: Callable[[Forecast], None] | None = None,
    on_progress: OnProgress | None = None,
) -> Inversion:
    """Find latents of photos, and write them, their pictures and a page; the same call goes on after a stop.

    Of photos in memory, :func:`partly.inference.invert.invert_photos` gives an
    :class:`partly.inference.invert.Inverted` each; :func:`partly.inference.invert.search` works on tensors.

    Args:
        what: the generator: a project's, one that ``partly get`` knows, or a model folder.
        photos: photos, folders, zips.
        folder: of the results.
        options: how to search.
        encoder_folder: of an encoder of ``partly invert --learn``; None: the one that was learned for this
            generator, if there is one.
        machine: what computes.
        on_note: told, before it begins, what photos are compared by and where searches begin.
        on_forecast: told how much lies ahead, before it begins.
        on_progress: told what is done, how much of it and of how much.

    Raises:
        BadModelFile: there is no such generator or encoder, or the encoder is of another generator.
        BadOption: the generator has no such latents or class.
        BadPhoto: there is no photo.
        NotAvailable: something must be got first.
    """
    generator = generator_of(what)
    sources = find_photos(photos, leave_out=[folder])
    encoder = encoder_of(generator, options, encoder_folder)
    chosen = chosen_distance(options.distance, options.compared_px)
    begins = [] if encoder is None else [f"Searches begin where the encoder says: {encoder.folder}."]
    before = [*([chosen.note] if chosen.note else []), *begins, *_slow_note(generator, options, encoder)]
    for note in before:
        if on_note:
            on_note(note)
    summary = invert_folder(
        generator,
        sources,
        folder,
        options,
        chosen.distance,
        encoder,
        machine=machine,
        on_note=on_note,
        on_forecast=on_forecast,
        on_progress=on_progress,
    )
    after = [*_diverged_note(summary), *sources.told()]
    page = folder / "index.html"
    settings = {
        "generator": what,
        "generator, sha256": f"{generator.digest[:16]}…",
        "encoder": "none" if encoder is None else encoder.folder,
        **{name.replace("_", " "): value for name, value in asdict(options).items() if value is not None},
    }
    html = inversion_page(
        [_shown(folder, entry, i < _N_SHOWN) for i, entry in enumerate(summary.entries)],
        summary.failed,
        title=f"Photos in {Path(what).name}",
        distance_name=chosen.distance.name,
        remarks=[*before, *after],
        settings=settings,
    )
    write_text(page, html)
    return Inversion(summary, page, tuple(after), None if encoder is None else encoder.folder)


def encoder_folder_of(generator: Generator) -> Path:
    """Where the encoder of a generator is kept that ``partly invert --learn`` made, or would be."""
    return cache_folder() / "latent-encoders" / generator.digest[:32]


def encoder_of(
    generator: Generator, options: InvertOptions, folder: Path | None = None
) -> LatentEncoder | None:
    """The encoder that is asked for, or there; none where none can begin a search.

    Args:
        generator: whose encoder.
        options: how to search.
        folder: of the encoder; None: the one that was learned for this generator, if there is one.

    Raises:
        BadModelFile: there is none, it is damaged, or of another generator.
    """
    if folder is None:
        folder = encoder_folder_of(generator)
        if not (folder / "model.json").is_file() or not _can_begin(generator, options):
            return None
    encoder = load_latent_encoder(folder)
    encoder.check_generator(generator)
    return encoder


def _can_begin(generator: Generator, options: InvertOptions) -> bool:
    """Whether an encoder of mapped latents helps: not for a search in ``z`` before a mapping."""
    return options.space != "z" or not has_mapping(generator)


def _slow_note(generator: Generator, options: InvertOptions, encoder: LatentEncoder | None) -> list[str]:
    if encoder is not None or not _can_begin(generator, options):
        return []
    return ["There is no encoder of this generator: partly invert --learn makes searches much shorter."]


def _diverged_note(summary: InversionSummary) -> list[str]:
    if not summary.diverged:
        return []
    return [
        f"The search for {counted(len(summary.diverged), 'photo')} came to what is no number and stopped "
        f"({listed(summary.diverged)}); the best picture before is kept. Try a lower --rate."
    ]


def _shown(folder: Path, entry: InversionEntry, with_pictures: bool) -> FoundPhoto:
    """A photo for the page; both pictures are in one file, side by side."""
    found = FoundPhoto(entry.name, entry.distance, entry.n_steps, entry.time_s, entry.diverged)
    if not with_pictures:
        return found
    picture = read_photo(folder / entry.picture).pixels
    photo = photo_beside(read_photo(folder / entry.beside).pixels, len(picture))
    return replace(found, photo=photo, picture=picture)
