"""Photos to a folder of latents; the same call goes on where a stopped one was."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from partly.data.photos import (
    Photo,
    PhotoSource,
    Pixels,
    output_name,
    side_by_side,
    squared,
    write_jpeg,
    write_png,
)
from partly.errors import BadPhoto, PartsFailed, counted
from partly.inference.invert.invert_options import InvertOptions
from partly.inference.invert.latent_files import write_latent
from partly.inference.invert.latent_search import search
from partly.inference.invert.latent_spaces import latent_space
from partly.inference.invert.photo_inversion import (
    Inverted,
    check_size,
    fitting_batches,
    images_from,
    invert_photos,
    place_all,
)
from partly.inference.invert.picture_distances import PictureDistance
from partly.machine import PROCESSOR, FittingBatches, Machine, OnHalved
from partly.models.encoders import LatentEncoder
from partly.models.generators import Generator
from partly.storage import Provenance, only_writer, read_json_or_none, remove_leftovers, write_json

_RECORDS = Path(".partly") / "invert"
_GAP_PX = 4
_NOT_IN_KEY = frozenset({"n_steps", "at_once", "enlarge", "distance", "compared_px", "space"})


@dataclass(frozen=True)
class Forecast:
    """What lies ahead of a folder of latents.

    Attributes:
        n_photos: that are to be searched for.
        n_kept: that are done already.
        n_steps: of each search, all starts together.
        time_s: about how long it takes; None: too little to tell.
        machine: on what, as people read it.
    """

    n_photos: int
    n_kept: int
    n_steps: int
    time_s: float | None
    machine: str

    def __str__(self) -> str:
        kept = f", {self.n_kept} done already" if self.n_kept else ""
        found = f"{counted(self.n_photos, 'photo')} to find{kept}"
        if not self.n_steps:
            return f"{found}, by the encoder alone, on {self.machine}."
        about = "" if self.time_s is None else f", about {timedelta(seconds=math.ceil(self.time_s))}"
        return f"{found}: {counted(self.n_steps, 'step')} each{about} on {self.machine}."


@dataclass(frozen=True)
class InversionEntry:
    """What is known of one photo of a folder of latents.

    Attributes:
        name: of the photo.
        output: what its files are called, without folder and suffix.
        space, distance_name, n_steps, time_s, diverged: as those of :class:`Inverted`.
        distance: of photo and picture; None where it is no number.
        pixel_distance: mean square of differences; None where it is no number.
    """

    name: str
    output: str
    space: str
    distance: float | None
    distance_name: str
    pixel_distance: float | None
    n_steps: int
    time_s: float
    diverged: bool

    @property
    def latent(self) -> str:
        """Its file in the folder."""
        return files_of(self.output)[0]

    @property
    def picture(self) -> str:
        """Its file in the folder."""
        return files_of(self.output)[1]

    @property
    def beside(self) -> str:
        """The file of the photo beside the picture."""
        return files_of(self.output)[2]

    def to_json(self) -> dict[str, Any]:
        """With the names of its files."""
        return {**asdict(self), "latent": self.latent, "picture": self.picture, "beside": self.beside}


def files_of(output: str) -> tuple[str, str, str]:
    """Latent, picture, and photo beside picture of what is called ``output``, as paths in the folder."""
    return f"latents/{output}.safetensors", f"pictures/{output}.png", f"beside/{output}.jpg"


@dataclass
class InversionSummary:
    """What was done in a folder of latents.

    Attributes:
        folder: of the results.
        entries: of all photos with a latent, in order.
        inverted: names of photos that were searched for now.
        kept: names of those that were there.
        failed: names of photos that have no latent, each with the reason.
    """

    folder: Path
    entries: list[InversionEntry] = field(default_factory=list)
    inverted: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)

    @property
    def diverged(self) -> list[str]:
        """Names of photos whose search came to what is no number."""
        return [entry.name for entry in self.entries if entry.diverged]

    def raise_failures(self) -> None:
        """List the photos that failed, if there are any.

        Raises:
            PartsFailed: there are.
        """
        if self.failed:
            n_photos = len(self.failed) + len(self.entries)
            raise PartsFailed.of_photos(self.failed, n_photos, "have no latent")


def photo_beside(pixels: Pixels, size_px: int) -> Pixels:
    """The photo in the file where it stands beside its picture, uint8 ``[s, s, 3]``."""
    return pixels[_GAP_PX : _GAP_PX + size_px, _GAP_PX : _GAP_PX + size_px]


OnForecast = Callable[[Forecast], None]
OnProgress = Callable[[str, int, int], None]


def invert_folder(
    generator: Generator,
    sources: Sequence[PhotoSource],
    folder: Path,
    options: InvertOptions,
    distance: PictureDistance,
    encoder: LatentEncoder | None = None,
    *,
    machine: Machine = PROCESSOR,
    on_note: Callable[[str], None] | None = None,
    on_forecast: OnForecast | None = None,
    on_progress: OnProgress | None = None,
) -> InversionSummary:
    """Write latent, picture and both beside each other of every photo, and ``inverted.json``.

    Photos of which the same options made results before are kept, by the digest of their file. A photo that
    fails is listed, and the others go on. After Ctrl-C, what is done is kept.

    Args:
        generator: whose latents.
        sources: where the photos are.
        folder: of the results; made if it is not there.
        options: how to search.
        distance: what is made small.
        encoder: where searches begin.
        machine: what computes.
        on_note: told where memory is too short for as many photos at once.
        on_forecast: told what lies ahead, before it begins.
        on_progress: told what is done, how much of it and of how much.

    Raises:
        BadModelFile: the encoder is of another generator.
        BadOption: the generator has no such latents or class.
        FolderBusy: another command writes there.
    """
    if encoder is not None:
        encoder.check_generator(generator)
    space = latent_space(generator, options.space).name
    place_all(machine, generator, distance, encoder)
    key = _key(generator, space, options, distance, encoder)
    summary = InversionSummary(folder)
    batches = fitting_batches(options, machine, _note_of_halving(on_note))
    work = _Work(generator, folder, options, distance, encoder, machine, key, batches)
    with only_writer(folder):
        remove_leftovers(folder)
        kept, waiting = _sorted_out(work, sources, summary)
        entries = dict(kept)
        try:
            if on_forecast:
                on_forecast(_forecast(work, waiting, len(kept)))
            n_done = 0
            while batch := waiting[n_done : n_done + batches.n]:
                told = _told(on_progress, work.n_steps, n_done, len(batch), len(waiting))
                for entry in _batch_done(work, batch, summary, told):
                    entries[entry.output] = entry
                n_done += len(batch)
        finally:
            # Also after Ctrl-C: in the order of the photos.
            order = {name: i for i, name in enumerate(work.outputs)}
            summary.entries = [entries[name] for name in sorted(entries, key=order.__getitem__)]
            write_json(folder / "inverted.json", _told_of(work, summary))
    return summary


@dataclass(frozen=True)
class _Work:
    """What all photos of a folder have alike; ``outputs`` is what their files are called, in order."""

    generator: Generator
    folder: Path
    options: InvertOptions
    distance: PictureDistance
    encoder: LatentEncoder | None
    machine: Machine
    key: Mapping[str, Any]
    batches: FittingBatches
    outputs: list[str] = field(default_factory=list)

    @property
    def n_steps(self) -> int:
        """Of each photo, all starts together."""
        return self.options.steps(from_encoder=self.encoder is not None) * self.options.n_starts

    def record(self, output: str) -> Path:
        """The file that says that a photo is done; written last."""
        return self.folder / _RECORDS / f"{output}.json"


@dataclass(frozen=True)
class _Waiting:
    """A photo that is to be searched for."""

    source: PhotoSource
    output: str
    digest: str


def _key(
    generator: Generator,
    space: str,
    options: InvertOptions,
    distance: PictureDistance,
    encoder: LatentEncoder | None,
) -> dict[str, Any]:
    """What results depend on, besides the photo."""
    values = {name: value for name, value in asdict(options).items() if name not in _NOT_IN_KEY}
    return {
        "generator_sha256": generator.digest,
        "space": space,
        "steps": options.steps(from_encoder=encoder is not None),
        "compared by": distance.name,
        "compared_by_sha256": distance.digest,
        "compared_px": distance.compared_px,
        "encoder_sha256": "" if encoder is None else encoder.digest,
        **values,
    }


def _sorted_out(
    work: _Work, sources: Sequence[PhotoSource], summary: InversionSummary
) -> tuple[dict[str, InversionEntry], list[_Waiting]]:
    """Photos that are done, by what their files are called, and those that wait."""
    taken: set[str] = set()
    kept: dict[str, InversionEntry] = {}
    waiting: list[_Waiting] = []
    for source in sources:
        output = output_name(source.name, taken)
        work.outputs.append(output)
        try:
            digest = source.digest()
        except BadPhoto as error:
            _note_failure(work, summary, source, output, error)
            continue
        entry = _entry_of(work, output, digest)
        if entry is None:
            waiting.append(_Waiting(source, output, digest))
        else:
            kept[output] = replace(entry, name=source.name)
            summary.kept.append(source.name)
    return kept, waiting


def _entry_of(work: _Work, output: str, digest: str) -> InversionEntry | None:
    """What an earlier run with the same key wrote, if all files are there."""
    held = read_json_or_none(work.record(output)) or {}
    if not isinstance(held.get("key"), dict) or not isinstance(held.get("entry"), dict):
        return None
    if not Provenance({**work.key, "photo_sha256": digest}).matches(held["key"]):
        return None
    try:
        entry = InversionEntry(**held["entry"])
    except TypeError:
        return None
    there = entry.output == output and all((work.folder / file).is_file() for file in files_of(output))
    return entry if there else None


def _batch_done(
    work: _Work, batch: Sequence[_Waiting], summary: InversionSummary, on_step: Callable[[int, int], None]
) -> list[InversionEntry]:
    """Search for the photos of a batch that can be read, and write what is found."""
    readable: list[tuple[_Waiting, Photo]] = []
    for one in batch:
        try:
            photo = one.source.read()
            check_size(photo, work.generator, work.options)
            readable.append((one, photo))
        except BadPhoto as error:
            _note_failure(work, summary, one.source, one.output, error)
    if not readable:
        return []
    found = invert_photos(
        work.generator,
        [photo for _, photo in readable],
        work.options,
        distance=work.distance,
        encoder=work.encoder,
        machine=work.machine,
        batches=work.batches,
        on_step=on_step,
    )
    entries = []
    for (one, _), inverted in zip(readable, found, strict=True):
        entries.append(_written(work, one, inverted))
        summary.inverted.append(one.source.name)
    return entries


def _note_failure(
    work: _Work, summary: InversionSummary, source: PhotoSource, output: str, error: BadPhoto
) -> None:
    """List a photo that fails; none of its results of an earlier run stays."""
    summary.failed.append((source.name, str(error)))
    for path in (work.record(output), *(work.folder / file for file in files_of(output))):
        path.unlink(missing_ok=True)


def _written(work: _Work, one: _Waiting, inverted: Inverted) -> InversionEntry:
    """Write all files of a photo, and the record last: from then on it counts as done."""
    entry = InversionEntry(
        one.source.name,
        one.output,
        inverted.space,
        _number(inverted.distance),
        inverted.distance_name,
        _number(inverted.pixel_distance),
        inverted.n_steps,
        round(inverted.time_s, 3),
        inverted.diverged,
    )
    record = work.record(one.output)
    record.unlink(missing_ok=True)
    write_latent(work.folder / entry.latent, inverted, work.generator.digest)
    write_png(work.folder / entry.picture, inverted.picture)
    beside = side_by_side([inverted.square, inverted.picture], gap_px=_GAP_PX)
    write_jpeg(work.folder / entry.beside, beside)
    write_json(record, {"key": {**work.key, "photo_sha256": one.digest}, "entry": asdict(entry)})
    return entry


def _number(value: float) -> float | None:
    """JSON has only finite numbers."""
    return value if math.isfinite(value) else None


def _forecast(work: _Work, waiting: Sequence[_Waiting], n_kept: int) -> Forecast:
    """How long it takes, by a second step on the first photos that can be read."""
    times: list[float] = []

    def try_out(squares: list[Pixels]) -> None:
        times.clear()
        search(
            work.generator,
            images_from(squares),
            replace(work.options, n_steps=2, n_starts=1),
            work.distance,
            machine=work.machine,
            on_step=lambda _done, _n: times.append(time.monotonic()),
        )

    squares = _first_squares(work, waiting, work.batches.n) if work.n_steps else []
    # Of one batch, which is smaller where memory is too short.
    next(work.batches.each(try_out, squares), None)
    n_batches = math.ceil(len(waiting) / work.batches.n)
    time_s = (times[1] - times[0]) * work.n_steps * n_batches if len(times) == 2 else None
    return Forecast(len(waiting), n_kept, work.n_steps, time_s, work.machine.name)


def _first_squares(work: _Work, waiting: Sequence[_Waiting], n: int) -> list[Pixels]:
    """Squares of the first photos that can be read."""
    squares = []
    for one in waiting:
        try:
            pixels = one.source.read().pixels
        except BadPhoto:
            continue
        squares.append(squared(pixels, work.generator.image_size_px, work.options.fit))
        if len(squares) == n:
            break
    return squares


def _note_of_halving(on_note: Callable[[str], None] | None) -> OnHalved | None:
    """What is told of memory that is too short."""
    return on_note and (
        lambda n, why: on_note(f"Memory is too short ({why}): {counted(n, 'photo')} at once from now on.")
    )


def _told(
    on_progress: OnProgress | None, n_steps: int, n_done: int, n: int, n_photos: int
) -> Callable[[int, int], None]:
    """Steps of a batch of ``n`` photos, with ``n_done`` photos done before them, as those of all photos."""

    def told(done: int, total: int) -> None:
        if on_progress:
            on_progress("searching", n_done * n_steps + n * n_steps * done // total, n_photos * n_steps)

    return told


def _told_of(work: _Work, summary: InversionSummary) -> dict[str, Any]:
    """The content of ``inverted.json``."""
    return {
        **work.key,
        **work.machine.described,
        "photos": [entry.to_json() for entry in summary.entries],
        "failed": [{"photo": name, "reason": reason} for name, reason in summary.failed],
    }
