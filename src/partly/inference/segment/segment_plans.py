"""Photos that a user names, by whom the user asks for, into what the user asks for: a folder or tars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from partly.data.photos import PhotoSource, PhotoSources, find_photos, holds_many_photos
from partly.errors import BadArchive, BadOption, BadPhoto
from partly.inference.segment.piece_reports import LoadNetwork
from partly.inference.segment.segment_folder import at_once_in_worker, segment_all
from partly.inference.segment.segment_options import TarOptions
from partly.inference.segment.segment_photo_file import PartNetwork
from partly.inference.segment.segment_records import Progress, Summary
from partly.inference.segment.segment_shares import PHOTOS_PER_PIECE, segment_shared
from partly.inference.segment.segment_tars import TarPlan, plan_tars, segment_tars
from partly.machine import PROCESSOR, Executor, Machine, PieceClaims, WorkOptions, usable_processors

_MOST_WORKERS = 8


def plan_segmenting(
    paths: Sequence[Path], out_folder: Path, tar_options: TarOptions, *, max_pages: int
) -> PhotoSources | TarPlan:
    """What there is to segment: photos, or tars to be made of them.

    Args:
        paths: photos, folders, zips, tars and Parquet files.
        out_folder: of the results; it is not searched.
        tar_options: tars, if asked for; where nothing is asked for, if all paths are tars or Parquet files.
        max_pages: see :func:`partly.data.photos.find_photos`.

    Raises:
        BadPhoto: a path that does not exist, or no photo anywhere.
        BadArchive: a damaged archive.
        NotAvailable: a Parquet file, and pyarrow is not installed.
    """
    tars = tar_options.tars
    if tars is None:
        tars = all(not path.is_dir() and holds_many_photos(path) for path in paths)
    if tars:
        return plan_tars(paths, per_tar=tar_options.per_tar, leave_out=[out_folder], max_pages=max_pages)
    return find_photos(paths, leave_out=[out_folder], max_pages=max_pages)


def some_photos(plan: PhotoSources | TarPlan) -> Sequence[PhotoSource]:
    """Photos of a plan that tell how they look: all, or those of the first tar that can be read.

    Raises:
        BadArchive: no tar can be, and the last is damaged.
        BadPhoto: no tar can be, and the last holds no photos.
    """
    if not isinstance(plan, TarPlan):
        return plan
    *first, last = plan.pieces
    for piece in first:
        with suppress(BadArchive, BadPhoto):
            return piece.photos()
    return last.photos()


def segment_many(
    network: PartNetwork,
    load_network: LoadNetwork,
    plan: PhotoSources | TarPlan,
    out_folder: Path,
    work: WorkOptions,
    *,
    progress: Callable[[Progress], None] | None = None,
    machine: Machine = PROCESSOR,
    on_note: Callable[[str], None] = lambda _: None,
    **options: Any,
) -> Summary:
    """Segment what was planned.

    One process that does all has the folder for itself; several, shares and clusters share it.

    Args:
        network: it.
        load_network: gives it in a worker; can be pickled.
        plan: of :func:`plan_segmenting`.
        out_folder: of the results.
        work: who does it. Tars are made by a process for each processor, up to eight, if nothing is said.
        progress: called after each photo.
        machine: where the network computes; of several GPUs, each process has one.
        on_note: told what else there is to tell, such as that memory was short.
        **options: those of :func:`segment_all`; ``overlay`` may be None, as is usual for the plan.

    Raises:
        BadOption: drafts, or another format of areas, are asked for in tars; or Ray's address is none.
        FolderBusy: another call writes to the folder, and one of both has it for itself, or makes something
            else of photos.
        NotAvailable: Ray is not installed.
        PartlyError: as for :func:`segment_all`, or a worker died twice at the same piece.
    """
    overlay = options.pop("overlay", None)
    share = work.the_share
    segment: Callable[..., Summary]
    if isinstance(plan, TarPlan):
        _check_tar_options(options)
        options["overlay"] = bool(overlay)
        n_pieces = sum(share.has(piece.number) for piece in plan.pieces)
        usual = max(1, min(usable_processors(), _MOST_WORKERS, n_pieces))
        segment = partial(segment_tars, network, load_network, plan, out_folder)
    else:
        options["overlay"] = overlay is not False
        if work.is_plain:
            with PieceClaims(out_folder, alone=True):
                return segment_all(
                    network, plan, out_folder, progress=progress, machine=machine, on_note=on_note, **options
                )
        n_pieces, usual = -(-len(plan) // PHOTOS_PER_PIECE // share.n), 1
        segment = partial(segment_shared, network, load_network, plan, out_folder)
    executor, at_once = _crew(work, machine, n_pieces, usual)
    return segment(
        executor=executor,
        share=share,
        progress=progress,
        machine=machine,
        at_once=at_once,
        on_note=on_note,
        **options,
    )


def _crew(work: WorkOptions, machine: Machine, n_pieces: int, usual: int) -> tuple[Executor, int | None]:
    """Who does pieces, and how many photos each of them has at work at once.

    A worker of a cluster has one processor. Processes of this machine share its processors, or have a GPU
    each, and are no more than there are GPUs.
    """
    if work.ray is not None:
        return work.executor(), at_once_in_worker(machine, usable_processors())
    n = len(machine.for_workers(work.n_workers or usual))
    return work.executor_of(n), at_once_in_worker(machine, max(1, min(n, n_pieces)))


def _check_tar_options(options: dict[str, Any]) -> None:
    """Take out what tars have not."""
    if options.pop("draft_format", None) is not None:
        raise BadOption(
            "drafts for a labelling program, in tars",
            expected="drafts of results in a folder",
            remedy="Leave out --as, or give --no-tars",
        )
    if options.pop("areas", "json") != "json":
        raise BadOption(
            "areas as CSV, in tars",
            expected="json, which tars have of each photo",
            remedy="Leave out --areas, or give --no-tars",
        )
