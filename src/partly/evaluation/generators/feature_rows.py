"""Features of photos and pictures, computed block by block; what is computed is kept on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from partly.data.photos import PhotoSet
from partly.errors import BadOption
from partly.evaluation.generators.picture_bytes import Pixels, make_pictures, picture_batches
from partly.evaluation.metrics.generator_figures import GeneratorFigures, check_numbers, figures_of
from partly.machine import FittingBatches, Machine, OnHalved
from partly.models.encoders import FeatureNetwork
from partly.models.generators import Generator
from partly.storage import FIRST_VERSION, shuffle_stream, streams_version, write_bytes


def generator_figures(
    generator: Generator,
    photos: PhotoFeatures,
    network: FeatureNetwork,
    n_pictures: int = 1000,
    seed: int = 0,
    *,
    folder: Path | None = None,
    on_rows: OnRows | None = None,
    machine: Machine | None = None,
) -> GeneratorFigures:
    """How pictures of a generator compare with photos.

    No random number generator of torch is touched, and the generator is left as it is: give it in the mode in
    which it is to be measured. Its pictures are not truncated. Time grows with the product of the numbers of
    photos and of both together; :meth:`PhotoFeatures.some` takes fewer photos, always the same.

    Args:
        generator: on any device.
        photos: features of photos of its size.
        network: the same that computed these.
        n_pictures: how many; figures of different numbers must not be compared.
        seed: of the latents; the same pictures are compared each time.
        folder: see :func:`partly.evaluation.generators.picture_features`.
        on_rows: told how many pictures are done, and of how many.
        machine: where the generator is; None: found out, and float32.

    Raises:
        BadOption: too few photos or pictures, or features of another network.
        TrainingDiverged: pictures are NaN.
    """
    check_same_network(photos, network)
    check_numbers(len(photos), n_pictures)
    pictures = picture_features(generator, network, n_pictures, seed, folder, on_rows, machine)
    return figures_of(photos.rows, pictures, network=network.name, network_digest=network.digest, seed=seed)


Rows = NDArray[np.float32]
OnRows = Callable[[int, int], None]
ReadPixels = Callable[[int, int], Iterator[Pixels]]
_BLOCK = 512


@dataclass(frozen=True, eq=False)
class PhotoFeatures:
    """Photos as a feature network sees them.

    Attributes:
        rows: float32 ``[n, d]``.
        network_digest: of the network.
    """

    rows: Rows
    network_digest: str

    def __len__(self) -> int:
        return len(self.rows)

    def some(self, n: int, seed: int = 0) -> PhotoFeatures:
        """``n`` of them by chance, always the same; all where there are no more."""
        if n >= len(self.rows):
            return self
        return PhotoFeatures(self.rows[chosen_by_chance(len(self.rows), n, seed)], self.network_digest)


def photo_features(
    photos: PhotoSet,
    network: FeatureNetwork,
    folder: Path | None = None,
    on_rows: OnRows | None = None,
    n_most: int | None = None,
    on_halved: OnHalved | None = None,
) -> PhotoFeatures:
    """Features of the photos of a set.

    Args:
        photos: the squares.
        network: computes the features.
        folder: where they are kept, by the digests of photos and network; None keeps nothing.
        on_rows: told how many are done, and of how many.
        n_most: no more than so many, those of :meth:`PhotoFeatures.some`; None: all.
        on_halved: told, once, if memory is short and the network sees fewer at a time from then on.

    Raises:
        PartlyError: the disk is full, or the folder cannot be written to.
    """
    if n_most is None or n_most >= len(photos):
        chosen, what = np.arange(len(photos)), "photos"
    else:
        chosen, what = chosen_by_chance(len(photos), n_most), f"{n_most} photos{_streams_in_name()}"

    def read(start: int, stop: int) -> Iterator[Pixels]:
        # A copy: torch warns of arrays that cannot be written to.
        yield np.array(photos.squares[chosen[start:stop]])

    kept = folder and folder / _name(what, photos.digest, network.digest)
    return PhotoFeatures(_rows(read, len(chosen), network, kept, on_rows, on_halved), network.digest)


def picture_features(
    generator: Generator,
    network: FeatureNetwork,
    n_pictures: int,
    seed: int,
    folder: Path | None = None,
    on_rows: OnRows | None = None,
    machine: Machine | None = None,
    on_halved: OnHalved | None = None,
) -> Rows:
    """Features of pictures 0 to ``n_pictures - 1`` of a seed, float32 ``[n, d]``; none is kept itself.

    Args:
        generator: makes them, not truncated.
        network: computes the features.
        n_pictures: how many.
        seed: of the latents.
        folder: where features are kept, by the digests of generator and network; None keeps nothing. A
            generator without digest, one in training say, keeps nothing either.
        on_rows: told how many are done, and of how many.
        machine: where the generator is; None: found out, and float32. Of pictures made in halves, features
            are kept apart from those of others.
        on_halved: told if memory is short and fewer are made, or seen, at a time from then on.

    Raises:
        TrainingDiverged: pictures are NaN.
        PartlyError: the disk is full, or the folder cannot be written to.
    """

    batches = picture_batches(generator, on_halved)

    def read(start: int, stop: int) -> Iterator[Pixels]:
        return make_pictures(generator, seed, range(start, stop), machine, batches)

    named = folder and generator.digest
    what = f"pictures {seed}{_streams_in_name()}{_halves_in_name(machine)}"
    kept = folder / _name(what, generator.digest, network.digest) if folder and named else None
    return _rows(read, n_pictures, network, kept, on_rows, on_halved)


def check_same_network(photos: PhotoFeatures, network: FeatureNetwork) -> None:
    """Refuse features of another network.

    Raises:
        BadOption: they are.
    """
    if photos.network_digest != network.digest:
        raise BadOption(
            f"the photos' features are of a network {photos.network_digest[:16]}…",
            expected=f"{network.digest[:16]}…, {network.name!r}",
            remedy="Compute them anew",
        )


def chosen_by_chance(n: int, n_chosen: int, seed: int = 0) -> NDArray[np.intp]:
    """``n_chosen`` numbers below ``n`` by chance, always the same, in order."""
    return np.sort(shuffle_stream("counted photos", seed).permutation(n)[:n_chosen])


def _streams_in_name() -> str:
    """Those of the first version were kept before versions were written down."""
    version = streams_version()
    return "" if version == FIRST_VERSION else f", streams {version}"


def _halves_in_name(machine: Machine | None) -> str:
    """Figures are compared to four digits, which pictures in halves do not have in common with others."""
    if machine is None or machine.dtype == torch.float32:
        return ""
    return f", {machine.dtype}"


def _name(what: str, *digests: str) -> str:
    return hashlib.sha256(" ".join((what, *digests)).encode()).hexdigest()[:32]


def _rows(
    read: ReadPixels,
    n: int,
    network: FeatureNetwork,
    folder: Path | None,
    on_rows: OnRows | None,
    on_halved: OnHalved | None,
) -> Rows:
    """Features of everything that ``read`` gives, in blocks, each of which is kept as it is done."""
    rows = np.empty((n, network.n_features), np.float32)
    batches = FittingBatches(network.batch_size, on_halved)
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        path = folder / f"{start:08d}.safetensors" if folder else None
        block = _read_block(path, stop - start, network.n_features)
        if block is None:
            done = start
            for pixels in read(start, stop):
                for part, found in _evenly(network, pixels, batches):
                    rows[done : done + len(part)] = found
                    done += len(part)
                    if on_rows:
                        on_rows(done, n)
            if path:
                write_bytes(path, save({"features": rows[start:stop]}))
        else:
            rows[start:stop] = block
            if on_rows:
                on_rows(stop, n)
    return rows


def _evenly(
    network: FeatureNetwork, pixels: Pixels, batches: FittingBatches
) -> Iterator[tuple[Sequence[Pixels], Rows]]:
    """Features of a few pictures, in batches of about one size."""
    for part in np.array_split(pixels, -(-len(pixels) // batches.n)):
        yield from batches.each(lambda some: _features(network, np.stack(some)), list(part))


def _features(network: FeatureNetwork, pixels: Pixels) -> Rows:
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
    return network.features(images).numpy()


def _read_block(path: Path | None, n: int, n_features: int) -> Rows | None:
    """The first ``n`` rows of what is kept; None where less is kept, or it is damaged."""
    try:
        found = load(path.read_bytes())["features"] if path else None
    except (OSError, SafetensorError, KeyError):
        return None
    if found is None or found.dtype != np.float32 or found.shape[1:] != (n_features,) or len(found) < n:
        return None
    return found[:n]
