"""The minimum reconstruction error: for each photo, the nearest picture that is found."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from partly.data.photos import PhotoSet, Pixels
from partly.errors import BadOption, TrainingDiverged, counted
from partly.evaluation.generators.feature_rows import chosen_by_chance
from partly.evaluation.metrics.reconstruction_errors import (
    MinimumReconstruction,
    Reconstruction,
    ReconstructionErrors,
)
from partly.inference.invert import InvertOptions, PictureDistance, has_mapping, search
from partly.machine import PROCESSOR, FittingBatches, Machine
from partly.models.generators import Generator, images_of, to_bytes
from partly.storage import tensors_to_bytes, write_bytes

OnProgress = Callable[[str, int, int], None]
_VERSION = 1
_HOLD = 0.001
"""Of ``w`` near the mean: enough against drifting away, too little to be felt in the error."""
_PIXELS_AT_ONCE = 1 << 16
_MORE_ON_GPU = 32


@dataclass(frozen=True)
class ReconstructionOptions:
    """How the nearest pictures are searched for.

    Attributes:
        n_photos: of each set, chosen by chance, always the same ones.
        n_steps: of each search.
        n_starts: searches of each photo, each from another latent.
        seed: of the searches.
    """

    n_photos: int = 50
    n_steps: int = 300
    n_starts: int = 3
    seed: int = 0


@dataclass(frozen=True)
class ReconstructionForecast:
    """What lies ahead of a search for photos.

    Attributes:
        n_photos: that are to be searched for.
        n_kept: that were searched for before.
        n_starts, n_steps: of each photo.
        time_s: about how long it takes; None: too little to tell.
        machine: on what, as people read it.
    """

    n_photos: int
    n_kept: int
    n_starts: int
    n_steps: int
    time_s: float | None
    machine: str

    def __str__(self) -> str:
        kept = f", {self.n_kept} found before" if self.n_kept else ""
        if not self.n_photos:
            return f"Minimum reconstruction error: all of {counted(self.n_kept, 'photo')} found before."
        about = "" if self.time_s is None else f", about {timedelta(seconds=math.ceil(self.time_s))}"
        return (
            f"Minimum reconstruction error: {counted(self.n_photos, 'photo')} to find{kept}, "
            f"{self.n_starts} x {counted(self.n_steps, 'step')} each{about} on {self.machine}."
        )


OnForecast = Callable[[ReconstructionForecast], None]


@dataclass
class AbsoluteDifference:
    """Mean absolute difference per value of whole pictures, the error itself; needs no network."""

    compared_px: int
    name: str = "mean absolute difference"
    digest: str = "mean absolute difference"

    def read(self, images: Tensor) -> tuple[Tensor, ...]:
        """The pictures ``[b, 3, s, s]`` themselves."""
        return (images.float(),)

    def between(
        self, first: tuple[Tensor, ...], second: tuple[Tensor, ...], weights: Tensor | None = None
    ) -> Tensor:
        """``[b]``; with weights ``[b, 1, s, s]``, the weighted mean."""
        differences = (first[0] - second[0]).abs().mean(dim=1, keepdim=True)
        if weights is None:
            return differences.mean(dim=(1, 2, 3))
        return (differences * weights).sum(dim=(1, 2, 3)) / weights.sum(dim=(1, 2, 3)).clamp(min=1e-12)

    def place(self, machine: Machine) -> None:
        """Nothing to move."""


def minimum_reconstruction(
    generator: Generator,
    training: PhotoSet,
    held_out: PhotoSet | None,
    options: ReconstructionOptions,
    distance: PictureDistance,
    *,
    folder: Path | None = None,
    n_shown: int = 8,
    machine: Machine = PROCESSOR,
    on_forecast: OnForecast | None = None,
    on_progress: OnProgress | None = None,
) -> MinimumReconstruction:
    """Search for photos among the pictures of a generator, by mean absolute difference.

    In ``w``, one latent for all layers, or in ``z`` of usual length where there is no mapping: with a latent
    for each layer, nearly any picture can be made.

    Args:
        generator: on the machine.
        training: squares of its size that it was trained on.
        held_out: of the same kind, that it was not trained on; None: none.
        options: how many, and how to search.
        distance: what is told beside the error; moved to the machine.
        folder: where latents are kept, so that after a stop the same call goes on; None keeps nothing.
        n_shown: photos of each set that are kept to look at.
        machine: what computes.
        on_forecast: told what lies ahead, before it begins.
        on_progress: told what is done, how much of it and of how much.

    Raises:
        BadOption: there are no photos.
        TrainingDiverged: pictures are no numbers.
        PartlyError: the disk is full, or the folder cannot be written to.
    """
    for photos, what in ((training, "photos"), (held_out, "held-out photos")):
        if photos is not None and not len(photos):
            raise BadOption(f"there are no {what} to find", expected="one or more", remedy=f"Give {what}")
    distance.place(machine)
    work = _Work(generator, options, machine, folder)
    sets = [_Squares.of(photos, options.n_photos) for photos in (training, held_out) if photos is not None]
    waiting = [(s, i) for s in sets for i in range(len(s)) if work.kept(s.pixels[i]) is None]
    n_all = sum(map(len, sets))
    if on_forecast:
        on_forecast(_forecast(work, [s.pixels[i] for s, i in waiting], n_all - len(waiting)))
    n_done = 0

    def find(some: Sequence[tuple[_Squares, int]]) -> None:
        work.find(
            np.stack([s.pixels[i] for s, i in some]), _told(on_progress, n_done, len(some), len(waiting))
        )

    for some, _ in FittingBatches(work.at_once).each(find, waiting):
        n_done += len(some)
    found = [_errors(work, squares, distance, n_shown) for squares in sets]
    return MinimumReconstruction(
        found[0],
        found[1] if held_out is not None else None,
        work.space,
        options.n_steps,
        options.n_starts,
        distance.name,
        options.seed,
        0 if held_out is None else _n_shared(sets[1].pixels, training.squares),
    )


@dataclass(frozen=True, eq=False)
class _Squares:
    """Photos that are searched for: uint8 ``[n, s, s, 3]``, with their names."""

    pixels: Pixels
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def of(cls, photos: PhotoSet, n: int) -> _Squares:
        """``n`` of a set, always the same; all where there are no more."""
        chosen = np.arange(len(photos)) if n >= len(photos) else chosen_by_chance(len(photos), n)
        return cls(np.array(photos.squares[chosen]), tuple(photos.names[i] for i in chosen))


class _Work:
    """Searches for photos, and keeps the latents that are found, in a folder too if there is one."""

    def __init__(
        self, generator: Generator, options: ReconstructionOptions, machine: Machine, folder: Path | None
    ) -> None:
        self.generator, self.machine = generator, machine
        self.space = "w" if has_mapping(generator) else "z"
        self.options = InvertOptions(
            space="w" if self.space == "w" else "z",
            n_steps=options.n_steps,
            n_starts=options.n_starts,
            hold=_HOLD,
            seed=options.seed,
        )
        self.error = AbsoluteDifference(generator.image_size_px)
        more = 1 if machine.device.type == "cpu" else _MORE_ON_GPU
        self.at_once = max(1, more * _PIXELS_AT_ONCE // generator.image_size_px**2)
        key = f"{_VERSION} {generator.digest} {self.options} {machine.dtype}"
        named = hashlib.sha256(key.encode()).hexdigest()[:32]
        self._folder = folder / named if folder and generator.digest else None
        self._found: dict[str, Tensor] = {}

    def kept(self, square: Pixels) -> Tensor | None:
        """The latent ``[l, v]`` of a square that was searched for before; None where it was not."""
        name = _digest(square)
        if name not in self._found and self._folder:
            latent = _read_latent(self._folder / f"{name}.safetensors", self.generator)
            if latent is not None:
                self._found[name] = latent
        return self._found.get(name)

    def find(self, squares: Pixels, on_step: Callable[[int, int], None] | None) -> None:
        """Search for squares uint8 ``[b, s, s, 3]``."""
        found = search(
            self.generator, _images(squares), self.options, self.error, machine=self.machine, on_step=on_step
        )
        if not found.distances.isfinite().all():
            raise TrainingDiverged(
                "pictures of the generator are no numbers",
                expected="a generator that makes pictures",
                remedy="Its training has diverged: take an earlier checkpoint",
            )
        for square, w in zip(squares, found.w.cpu(), strict=True):
            name = _digest(square)
            self._found[name] = w.contiguous()
            if self._folder:
                write_bytes(self._folder / f"{name}.safetensors", tensors_to_bytes({"w": w}))

    @torch.no_grad()
    def pictures(self, squares: Pixels) -> Iterator[tuple[Tensor, Tensor]]:
        """Photos and the pictures that were found of them, both ``[1, 3, s, s]`` in [-1, 1]."""
        for square in squares:
            latent = self.kept(square)
            assert latent is not None
            w = latent[None].to(self.machine.device)
            with self.machine.precision():
                picture = images_of(self.generator.synthesise(w)).float()
            yield _images(square[None]).to(self.machine.device), picture


def _n_shared(some: Pixels, squares: Pixels) -> int:
    """How many of some squares are among others, ``[n, s, s, 3]`` on the disk, of which little is read."""
    middle = squares.shape[1] // 2
    places: dict[bytes, list[int]] = {}
    for i in range(len(squares)):
        places.setdefault(squares[i, middle].tobytes(), []).append(i)
    return sum(
        any(np.array_equal(one, squares[i]) for i in places.get(one[middle].tobytes(), [])) for one in some
    )


def _errors(work: _Work, squares: _Squares, distance: PictureDistance, n_shown: int) -> ReconstructionErrors:
    """Errors and distances of a set, by the pictures that the latents make."""
    errors, distances, examples = [], [], []
    for i, (photo, picture) in enumerate(work.pictures(squares.pixels)):
        errors.append(float(work.error.between((picture,), (photo,))))
        with torch.no_grad():
            distances.append(float(distance.between(distance.read(picture), distance.read(photo))))
        if i < n_shown:
            made = np.ascontiguousarray(to_bytes(picture)[0].permute(1, 2, 0).cpu().numpy())
            examples.append(
                Reconstruction(squares.names[i], squares.pixels[i], made, errors[-1], distances[-1])
            )
    return ReconstructionErrors(_numbers(errors), _numbers(distances), tuple(examples))


def _numbers(values: Sequence[float]) -> NDArray[np.float64]:
    return np.array(values, np.float64)


def _images(squares: Pixels) -> Tensor:
    """Squares uint8 ``[b, s, s, 3]`` as ``[b, 3, s, s]`` in [-1, 1]."""
    return torch.from_numpy(squares).permute(0, 3, 1, 2).float() / 127.5 - 1


def _digest(square: Pixels) -> str:
    return hashlib.sha256(np.ascontiguousarray(square).tobytes()).hexdigest()[:32]


def _read_latent(path: Path, generator: Generator) -> Tensor | None:
    """The latent in a file; None where there is none, or it is damaged."""
    try:
        latent = load(path.read_bytes()).get("w")
    except (OSError, SafetensorError):
        return None
    fits = latent is not None and latent.shape == (generator.n_layers, generator.w_dim)
    return latent if fits else None


def _forecast(work: _Work, waiting: Sequence[Pixels], n_kept: int) -> ReconstructionForecast:
    """How long it takes, by the second of two steps for the first photos."""
    n_starts, n_steps = work.options.n_starts, work.options.n_steps or 0
    time_s = None
    if waiting and n_steps:
        times: list[float] = []
        search(
            work.generator,
            _images(np.stack(waiting[: work.at_once])),
            InvertOptions(space=work.options.space, n_steps=2),
            work.error,
            machine=work.machine,
            on_step=lambda _done, _n: times.append(time.monotonic()),
        )
        if len(times) == 2:
            time_s = (times[1] - times[0]) * n_steps * n_starts * math.ceil(len(waiting) / work.at_once)
    return ReconstructionForecast(len(waiting), n_kept, n_starts, n_steps, time_s, work.machine.name)


def _told(on_progress: OnProgress | None, n_done: int, n: int, n_photos: int) -> Callable[[int, int], None]:
    """Steps of ``n`` photos, with ``n_done`` done before them, as those of all photos."""

    def told(done: int, total: int) -> None:
        if on_progress:
            on_progress("searching for photos", n_done * total + n * done, n_photos * total)

    return told
