"""Many photos into one folder of results, by several processes or machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from partly.data.photos import MAX_PIXELS, Photo, PhotoSource
from partly.errors import BadPhoto
from partly.inference.segment.drafts import drafts_need_objects
from partly.inference.segment.photo_pieces import PhotoPiece, cut_photos, output_names
from partly.inference.segment.piece_reports import LoadNetwork, PieceReports
from partly.inference.segment.segment_folder import results_key, segment_all
from partly.inference.segment.segment_photo_file import PartNetwork
from partly.inference.segment.segment_records import PhotoOutputs, Progress, ResultsGone, Summary
from partly.inference.segment.segment_work import SegmentWork, kinds_of_options
from partly.machine import PROCESSOR, Executor, Machine, PieceClaims, Share, Tell, run_shared
from partly.storage import read_json_or_none

PHOTOS_PER_PIECE = 100


class SegmentPieces(SegmentWork):
    """The work: photos into a folder of results; gives a worker that does a piece."""

    def __call__(self) -> Callable[[PhotoPiece, Tell], None]:
        """A worker with a network of its own."""
        return partial(self._segment, self.load_network(), self.machine.of_worker())

    def _segment(self, network: PartNetwork, machine: Machine, piece: PhotoPiece, tell: Tell) -> None:
        tell(self.segmented(network, machine, piece.sources, self.folder, tell, alone=False))


def segment_shared(
    network: PartNetwork,
    load_network: LoadNetwork,
    sources: Sequence[PhotoSource],
    out_folder: str | Path,
    *,
    executor: Executor,
    share: Share | None = None,
    progress: Callable[[Progress], None] | None = None,
    per_piece: int = PHOTOS_PER_PIECE,
    machine: Machine = PROCESSOR,
    at_once: int | None = 1,
    on_note: Callable[[str], None] | None = None,
    **options: Any,
) -> Summary:
    """As :func:`segment_all`, in pieces of photos that workers do.

    Several calls may write to one folder: each piece is done by one of them. A share does its pieces and no
    more; the file of areas, and drafts, are written by a call without a share, which does what is not done.

    Args:
        network: what the workers have.
        load_network: gives it in a worker.
        sources: where the photos are.
        out_folder: the folder of results.
        executor: does the pieces.
        share: which pieces; None: all.
        progress: called after each photo.
        per_piece: photos of a piece; the same for all shares.
        machine: where the network computes.
        at_once: photos that a worker has at work at once; see :func:`segment_all`.
        on_note: told once that memory was short.
        **options: those of :func:`segment_all`.

    Raises:
        FolderBusy: a call that must be alone is writing to the folder, or one with another network or view.
        PartlyError: as for :func:`segment_all`, or a worker died twice at the same piece.
    """
    folder, share = Path(out_folder), share or Share()
    last = {name: options.pop(name, usual) for name, usual in (("areas", "json"), ("draft_format", None))}
    if drafts_need_objects(last["draft_format"], looks_for_objects=bool(options.get("looks_for_objects"))):
        options["objects"] = True
    pieces = [piece for piece in cut_photos(sources, per_piece) if share.has(piece.number)]
    work = SegmentPieces(
        load_network, folder, {**options, "areas": None, "draft_format": None}, machine, at_once
    )
    n_photos = sum(len(piece.sources) for piece in pieces)
    reports = PieceReports(n_photos, progress, on_note)
    with PieceClaims(folder, depends_on=results_key(network, options)) as claims:
        # Whether its photos are done is found out in a worker: it takes reading all of them.
        for _ in run_shared(executor, work, pieces, claims, is_done=_never, on_news=reports.take):
            pass
        done = reports.summary(folder, [str(piece) for piece in pieces])
        if not share.is_all:
            return done
        known = _known_photos(network, sources, folder, dict(done.failed), options)
        whole = segment_all(network, known, folder, alone=False, **last, **options)
    return replace(whole, segmented=done.segmented, kept=done.kept)


def _never(piece: PhotoPiece) -> bool:  # noqa: ARG001
    return False


@dataclass(frozen=True)
class _KnownPhoto(PhotoSource):
    """A photo that was just segmented, or could not be: its file is not read once more.

    Attributes:
        sha256: of the photo.
        reason: why it could not be segmented.
    """

    sha256: str = ""
    reason: str | None = None

    def digest(self) -> str:
        """What is known of it."""
        if self.reason is not None:
            raise BadPhoto(self.reason)
        return self.sha256

    def read(self, max_pixels: int = MAX_PIXELS, *, at_least_px: int | None = None) -> Photo:  # noqa: ARG002
        """Nothing: its results are there, or were taken away or replaced meanwhile."""
        raise ResultsGone(
            "its results are gone", remedy="Run the same command again: it is segmented anew", path=self.path
        )


def _known_photos(
    network: PartNetwork,
    sources: Sequence[PhotoSource],
    folder: Path,
    failed: Mapping[str, str],
    options: Mapping[str, Any],
) -> list[PhotoSource]:
    kinds = kinds_of_options(network, options)
    known: list[PhotoSource] = []
    for source, name in zip(sources, output_names(sources), strict=True):
        record = read_json_or_none(PhotoOutputs(folder, name, kinds).record) or {}
        sha256 = str(dict(record.get("key") or {}).get("photo_sha256"))
        known.append(_KnownPhoto(source.name, source.path, sha256=sha256, reason=failed.get(source.name)))
    return known
