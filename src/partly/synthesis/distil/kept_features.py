"""Features of the photos that a network is taught, read by many and kept: what takes long there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from partly.errors import BadOption, BadPhoto
from partly.fewshot.features import PhotoFeatures
from partly.machine import Executor, PieceClaims, Share, Tell, one_thread, run_shared

LoadFeatures = Callable[[], PhotoFeatures]
"""Gives the source of features, with its store, in a worker; can be pickled."""

_PHOTOS_PER_PIECE = 25


@dataclass(frozen=True)
class FeaturePiece:
    """Photos whose features one worker keeps.

    Attributes:
        number: of the piece, from 0.
        names: of the photos.
    """

    number: int
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"features-{self.number:06}"


@dataclass(frozen=True)
class KeepFeatures:
    """The work: features into the store; gives a worker. Its news are names of photos.

    Attributes:
        load_features: gives the source of features.
    """

    load_features: LoadFeatures

    def __call__(self) -> Callable[[FeaturePiece, Tell], None]:
        """A worker with an encoder of its own."""
        return partial(self._keep, self.load_features())

    def _keep(self, source: PhotoFeatures, piece: FeaturePiece, tell: Tell) -> None:
        finest_px = max(level.size_px for level in source.levels)
        for name in piece.names:
            # One that cannot be read is told of where it is needed.
            with suppress(BadPhoto), one_thread():
                picture = source.picture(name)
                if not source.is_kept(picture):
                    source.pyramid(picture, finest_px)
            tell(name)


def keep_features(
    source: PhotoFeatures,
    load_features: LoadFeatures,
    names: Sequence[str],
    executor: Executor,
    share: Share,
    on_photo: Callable[[int, int], None] | None = None,
) -> int:
    """Read photos with the encoder, and keep their features in the store; gives the number of photos.

    Several calls may do so at the same time: each piece of 25 photos is read by one of them.

    Args:
        source: with a store.
        load_features: gives it in a worker.
        names: of the photos; the same, in the same order, for all shares.
        executor: does it; each worker has one thread.
        share: which pieces.
        on_photo: told how many of how many are done, after each.

    Raises:
        BadOption: the source has no store.
        PartlyError: as for :meth:`partly.machine.Executor.run`.
    """
    if source.store is None:
        raise BadOption("features that are kept nowhere", expected="a source of features with a store")
    starts = range(0, len(names), _PHOTOS_PER_PIECE)
    pieces = [FeaturePiece(n, tuple(names[i : i + _PHOTOS_PER_PIECE])) for n, i in enumerate(starts)]
    pieces = [piece for piece in pieces if share.has(piece.number)]
    n_photos = sum(len(piece.names) for piece in pieces)
    done: set[str] = set()

    def take(_: FeaturePiece, name: str) -> None:
        done.add(name)
        if on_photo:
            on_photo(len(done), n_photos)

    with PieceClaims(source.store.folder) as claims:
        work = KeepFeatures(load_features)
        for _ in run_shared(executor, work, pieces, claims, is_done=lambda _: False, on_news=take):
            pass
    return n_photos
