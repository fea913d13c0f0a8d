"""Many photos into tars of results: one for each tar or Parquet file of photos, or for so many photos."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from partly.data.photos import PhotoSource, PhotoSources, find_photos, holds_many_photos, is_tar
from partly.errors import BadArchive, BadPhoto, counted, listed
from partly.inference.segment.output_kinds import OutputKind
from partly.inference.segment.photo_pieces import cut_photos, output_names
from partly.inference.segment.piece_reports import LoadNetwork, Note, PieceReports
from partly.inference.segment.result_tars import pack_results, sample_names
from partly.inference.segment.segment_folder import RECORD_VERSION, network_digest
from partly.inference.segment.segment_photo_file import PartNetwork, network_size_px
from partly.inference.segment.segment_records import Progress, Summary
from partly.inference.segment.segment_work import SegmentWork, kinds_of_options
from partly.machine import PROCESSOR, Executor, Machine, PieceClaims, Share, Tell, run_shared
from partly.storage import (
    Provenance,
    read_json_or_none,
    remove_leftovers,
    safe_names,
    scratch_folder,
    write_json,
)

_RECORDS = Path(".partly") / "tars"
_LATER = {"objects", "crops", "upright", "looks_for_objects"}
"""Options that records of earlier versions do not have; what is not asked for is not written down."""


@dataclass(frozen=True, eq=False)
class TarPiece:
    """Photos whose results go into one tar.

    Attributes:
        number: of the piece, from 0.
        name: of the tar.
        file: the tar or Parquet file of the photos; None: ``sources`` are they.
        sources: where single photos are.
        names: of their results in the tar.
        cut_of: what they are a part of: the folders, zips and photos that were cut into tars.
        max_pages: see :func:`partly.data.photos.find_photos`.
    """

    number: int
    name: str
    file: Path | None = None
    sources: tuple[PhotoSource, ...] = ()
    names: tuple[str, ...] = ()
    cut_of: str = ""
    max_pages: int = 1

    def __str__(self) -> str:
        return self.name

    def photos(self) -> Sequence[PhotoSource]:
        """Where the photos are.

        Raises:
            BadArchive: the file cannot be read.
            BadPhoto: it is gone, or holds no photos.
        """
        return self.sources if self.file is None else find_photos(self.file, max_pages=self.max_pages)

    def renamed(self, photos: Sequence[PhotoSource]) -> dict[str, str]:
        """Names in the tar by names of results. Members of a tar are samples already, and keep their names.

        Args:
            photos: those of :meth:`photos`.
        """
        if self.file is not None and is_tar(self.file):
            return {}
        results = output_names(photos)
        return dict(zip(results, self.names or sample_names(results), strict=True))

    @cached_property
    def facts(self) -> str:
        """What changes when the photos' files change: a digest of names, sizes and times, taken once."""
        named = [(self.file.name, "", self.file)] if self.file else self._named_sources()
        digest = hashlib.sha256()
        for name, in_tar, path in named:
            try:
                found = path.stat()
                of_file = [name, in_tar, found.st_size, found.st_mtime_ns]
            except OSError:
                of_file = [name, in_tar, None, None]
            digest.update(json.dumps(of_file).encode())
        return digest.hexdigest()

    def _named_sources(self) -> list[tuple[str, str, Path]]:
        named = zip(self.sources, self.names, strict=True)
        return [(source.name, in_tar, source.path) for source, in_tar in named]


@dataclass(frozen=True)
class TarPlan:
    """Which tars of results there will be.

    Attributes:
        pieces: one for each.
        per_tar: photos of a tar, of those that were cut into tars.
        passed_over: names of files that are no photos, of those that were listed.
        notes: what else is to be told, in sentences for people.
        told_of: the same, and what was passed over, in sentences.
    """

    pieces: tuple[TarPiece, ...]
    per_tar: int
    passed_over: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    told_of: tuple[str, ...] = ()

    @property
    def n_ignored(self) -> int:
        """How many files were passed over."""
        return len(self.passed_over)

    def told(self) -> tuple[str, ...]:
        """What there is to tell of what was found."""
        return self.told_of


def plan_tars(
    paths: Iterable[str | Path], *, per_tar: int, leave_out: Iterable[Path] = (), max_pages: int = 1
) -> TarPlan:
    """Tars of results: of ``photos-000.tar`` and ``photos-000.parquet``, ``photos-000.tar``.

    Photos of folders, zips and files are cut, in their order, into tars of so many: ``photos-00000.tar`` and
    on, after the folder's name where there is one folder. Tars are not opened.

    Args:
        paths: as for :func:`partly.data.photos.find_photos`; each place is taken once.
        per_tar: photos of a tar, of those that are in no tar or Parquet file.
        leave_out: as there.
        max_pages: as there.

    Raises:
        BadPhoto: a path is not there, or no photos are.
        BadArchive: a zip is damaged.
    """
    places: dict[Path, Path] = {}
    for path in map(Path, paths):
        places.setdefault(path.resolve(), path)
    files = [path for path in places.values() if not path.is_dir() and holds_many_photos(path)]
    others = {place: path for place, path in places.items() if path not in files}
    wanted = [TarPiece(0, path.stem, path, max_pages=max_pages) for path in files]
    found: PhotoSources | None = None
    if others or not files:
        found = find_photos(others.values(), leave_out=leave_out, max_pages=max_pages)
        begins = next(iter(others)).stem if len(others) == 1 else "photos"
        wanted += _cut(found, per_tar, begins, cut_of="\n".join(map(str, others)))
    stems = safe_names(piece.name for piece in wanted)
    pieces = tuple(
        replace(piece, number=number, name=f"{stem}.tar")
        for number, (stem, piece) in enumerate(zip(stems, wanted, strict=True))
    )
    if found is None:
        return TarPlan(pieces, per_tar)
    return TarPlan(pieces, per_tar, found.passed_over, found.notes, found.told())


def _cut(found: PhotoSources, per_tar: int, begins: str, cut_of: str) -> list[TarPiece]:
    """Tars of photos, whose names in them differ among all; called without their suffix."""
    in_tar = dict(zip((one.name for one in found), sample_names(output_names(found)), strict=True))
    return [
        TarPiece(
            piece.number,
            f"{begins}-{piece.number:05}",
            sources=piece.sources,
            names=tuple(in_tar[one.name] for one in piece.sources),
            cut_of=cut_of,
        )
        for piece in cut_photos(found, per_tar)
    ]


class SegmentTars(SegmentWork):
    """The work: tars of results; gives a worker that makes one."""

    def __call__(self) -> Callable[[TarPiece, Tell], None]:
        """A worker with a network of its own."""
        network = self.load_network()
        records = TarRecords.of(network, self.folder, self.options)
        return partial(self._make, network, self.machine.of_worker(), records)

    def _make(
        self, network: PartNetwork, machine: Machine, records: TarRecords, piece: TarPiece, tell: Tell
    ) -> None:
        # As they were before they were read: a file that is replaced meanwhile is segmented the next time.
        key = records.key(piece)
        try:
            photos = piece.photos()
            renamed = piece.renamed(photos)
        except (BadArchive, BadPhoto) as error:
            records.discard(piece)
            tell(Summary(self.folder, (), (), ((piece.name, str(error)),), None))
            return
        # On the disk of this machine: one that many share is slow with many small files.
        with scratch_folder("tar") as aside:
            made = self.segmented(network, machine, photos, aside, tell, areas="json")
            # What is written down must not be said of the tar that comes, if this process is killed between.
            records.forget(piece)
            pack_results(aside, records.kinds, self.folder / piece.name, renamed)
        tell(records.write(piece, key, made))


@dataclass(frozen=True, eq=False)
class TarRecords:
    """What is done in a folder of tars: a record for each, written after it.

    Attributes:
        folder: of the tars.
        results: what results depend on besides the photos.
        kinds: what is in the tars, label maps first.
    """

    folder: Path
    results: Mapping[str, Any]
    kinds: tuple[OutputKind, ...]

    @classmethod
    def of(cls, network: PartNetwork, folder: Path, options: Mapping[str, Any]) -> TarRecords:
        """The records of results of a network, with options of :func:`segment_all`.

        Raises:
            BadOption: options that cannot be.
        """
        results = {
            **{name: value for name, value in options.items() if value or name not in _LATER},
            "version": RECORD_VERSION,
            "network_sha256": network_digest(network),
            "part_set": network.part_set.to_json(),
            "size_px": network_size_px(network, options.get("size_px")),
        }
        return cls(folder, json.loads(json.dumps(results, default=str)), kinds_of_options(network, options))

    def key(self, piece: TarPiece) -> dict[str, Any]:
        """What a tar depends on."""
        return {**self.results, "photos": piece.facts}

    def summary(self, piece: TarPiece) -> Summary | None:
        """What was done for a tar that is there, of the same network, options and photos; None: it is not."""
        held = read_json_or_none(self._path(piece))
        if held is None or not (self.folder / piece.name).is_file():
            return None
        if not self.results["network_sha256"] or not Provenance(self.key(piece)).matches(held.get("key")):
            return None
        failed, mended = (
            tuple((str(name), str(text)) for name, text in held.get(kind, []))
            for kind in ("failed", "mended")
        )
        n_objects = held.get("n_objects")
        return Summary(
            self.folder,
            (),
            tuple(held.get("photos", ())),
            failed,
            None,
            mended,
            n_objects=n_objects if isinstance(n_objects, int) else None,
            without_objects=tuple(map(str, held.get("without_objects", ()))),
        )

    def write(self, piece: TarPiece, key: Mapping[str, Any], made: Summary) -> Summary:
        """Write down what was done for a tar; gives it with names that differ among all tars."""
        stem = Path(piece.name).stem
        named = Summary(
            self.folder,
            tuple(f"{stem}/{name}" for name in made.segmented),
            (),
            tuple((f"{stem}/{name}", reason) for name, reason in made.failed),
            None,
            tuple((f"{stem}/{name}", note) for name, note in made.mended),
            n_objects=made.n_objects,
            without_objects=tuple(f"{stem}/{name}" for name in made.without_objects),
        )
        of_objects = {"n_objects": named.n_objects, "without_objects": list(named.without_objects)}
        write_json(
            self._path(piece),
            {
                "key": dict(key),
                "cut_of": piece.cut_of,
                "photos": list(named.segmented),
                "failed": list(named.failed),
                "mended": list(named.mended),
                **(of_objects if named.n_objects is not None else {}),
            },
        )
        return named

    def forget(self, piece: TarPiece) -> None:
        """The tar does not count as done any more."""
        self._path(piece).unlink(missing_ok=True)

    def discard(self, piece: TarPiece) -> None:
        """Remove what an earlier run made of photos that cannot be read now."""
        self.forget(piece)
        (self.folder / piece.name).unlink(missing_ok=True)

    def remove_other_cuts(self, plan: TarPlan) -> tuple[str, ...]:
        """Remove tars that were cut of the same folders in another way: their photos are in others now.

        Tars of other photos stay, and so do those that nothing is written down of.

        Args:
            plan: all tars that there are to be; they are made.

        Returns:
            The names of those that were removed.
        """
        planned = {piece.name for piece in plan.pieces}
        cuts = {piece.cut_of for piece in plan.pieces if piece.cut_of}
        removed: list[str] = []
        for path in sorted((self.folder / _RECORDS).glob("*.tar.json")):
            name = path.name.removesuffix(".json")
            held = read_json_or_none(path) or {}
            if name in planned or str(held.get("cut_of")) not in cuts:
                continue
            (self.folder / name).unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            removed.append(name)
        return tuple(removed)

    def _path(self, piece: TarPiece) -> Path:
        return self.folder / _RECORDS / f"{piece.name}.json"


def segment_tars(
    network: PartNetwork,
    load_network: LoadNetwork,
    plan: TarPlan,
    out_folder: str | Path,
    *,
    executor: Executor,
    share: Share | None = None,
    progress: Callable[[Progress], None] | None = None,
    machine: Machine = PROCESSOR,
    at_once: int | None = 1,
    on_note: Callable[[str], None] = lambda _: None,
    **options: Any,
) -> Summary:
    """Segment photos into tars: of each photo its label map as a palette PNG, and its areas as JSON.

    A tar is written aside and renamed, so that one that is there is whole. The same call again makes those
    that are not there, or whose photos, network or options changed. Several calls may write to one folder:
    each tar is made by one of them. A photo that cannot be read is left out and told of, then and later.
    Tars that an earlier call cut of the same folders, and that are none of these, are removed when all are
    made.

    Args:
        network: what the workers have.
        load_network: gives it in a worker.
        plan: which tars.
        out_folder: where they go.
        executor: makes them.
        share: which of them; None: all.
        progress: called after each photo.
        machine: where the network computes.
        at_once: photos that a worker has at work at once; see :func:`segment_all`.
        on_note: told once that memory was short, and that tars were removed.
        **options: those of :func:`segment_all`, but for ``areas`` and ``draft_format``, which tars have not.

    Raises:
        FolderBusy: a call that must be alone is writing to the folder, or one with another network, other
            options or another cut.
        PartlyError: the disk is full, or a worker died twice at the same tar.
    """
    folder, share = Path(out_folder), share or Share()
    options = {"overlay": False, **options}
    records = TarRecords.of(network, folder, options)
    pieces = [piece for piece in plan.pieces if share.has(piece.number)]
    reports = PieceReports(None, progress, on_note)
    work = SegmentTars(load_network, folder, options, machine, at_once)
    # A file of which no tar could be made has none later either; it is tried once a call.
    refused: set[str] = set()

    def is_done(piece: TarPiece) -> bool:
        return records.summary(piece) is not None or piece.name in refused

    def take(piece: TarPiece, news: Progress | Note | Summary) -> None:
        reports.take(piece, news)
        if isinstance(news, Summary) and not news.segmented:
            refused.add(piece.name)

    depends_on = {**records.results, "per_tar": plan.per_tar}
    with PieceClaims(folder, depends_on=depends_on) as claims:
        remove_leftovers(folder)
        for piece in pieces:
            if (kept := records.summary(piece)) is not None:
                reports.take(piece, kept)
        for _ in run_shared(executor, work, pieces, claims, is_done=is_done, on_news=take):
            pass
        # Those that other runs made meanwhile.
        for piece in pieces:
            if str(piece) not in reports.summaries and (kept := records.summary(piece)) is not None:
                reports.take(piece, kept)
        # Another run may know of more photos by now.
        if share.is_all and claims.is_only_one and (removed := records.remove_other_cuts(plan)):
            on_note(
                f"{counted(len(removed), 'tar')} of an earlier call removed, whose photos were cut into tars "
                f"in another way ({listed(removed)})."
            )
    return reports.summary(folder, [str(piece) for piece in pieces])
