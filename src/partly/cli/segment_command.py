"""``partly segment``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from partly.cli.option_flags import takes
from partly.cli.terminal_output import Output, json_option
from partly.inference.engines import EngineOptions
from partly.inference.segment import OutputOptions, PageOptions, SegmentOptions, TarOptions
from partly.machine import MachineOptions, WorkOptions
from partly.project import SegmentChoice, ThroughGenerator
from partly.storage import values_of


@click.command()
@click.argument("network_folder", metavar="NETWORK", type=click.Path(path_type=Path))
@click.argument("photos", metavar="PHOTO...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    "out_folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("segmented"),
    show_default=True,
    help="Folder of the results.",
)
@takes(
    choice=SegmentChoice,
    through=ThroughGenerator,
    options=SegmentOptions,
    outputs=OutputOptions,
    page=PageOptions,
    tars=TarOptions,
    engine=EngineOptions,
    machine=MachineOptions,
    work=WorkOptions,
)
@json_option
def command(
    network_folder: Path,
    photos: tuple[Path, ...],
    out_folder: Path,
    choice: SegmentChoice,
    through: ThroughGenerator,
    options: SegmentOptions,
    outputs: OutputOptions,
    page: PageOptions,
    tars: TarOptions,
    engine: EngineOptions,
    machine: MachineOptions,
    work: WorkOptions,
    as_json: bool,
) -> None:
    """Segment PHOTO... with NETWORK (a project, or the folder of its network).

    PHOTO... are photos, folders, zips, tars or Parquet files.

    A project of photos that has no network yet segments with its few-shot segmenter. With --through-generator
    the photos of a project are found in its generator first, and need no network. Writes a palette PNG for
    each photo at its own size. Photos that cannot be read are listed, and the exit code is 4 then; other
    files are passed over and named. The same command goes on after a stop. Several processes, machines of a
    batch system or a cluster can share the work.
    """
    from partly.cli.terminal_progress import Bars
    from partly.errors import counted, listed
    from partly.inference.engines import engine_file, machine_for
    from partly.inference.segment import Progress, plan_segmenting, segment_many, some_photos
    from partly.project import loader_of, photos_of_page, what_segments, write_results_page

    output = Output(as_json)
    runs_on = machine_for(engine, machine, work)
    segmenting = what_segments(network_folder, choice, through, runs_on)
    if segmenting.note:
        output.say(segmenting.note)
    if not runs_on.is_plain:
        output.say(f"The network computes on {runs_on.name}.")
    sources = plan_segmenting(photos, out_folder, tars, max_pages=options.max_pages)
    on_page = photos_of_page(sources) if page.page else ()
    file = engine_file(segmenting.network, engine, partial(some_photos, sources), out_folder, output.say)
    load = loader_of(network_folder, choice, through, file)
    with Bars() as bars:

        def report(progress: Progress) -> None:
            # How many photos there are in tars is not known before the end.
            bars("segmenting", progress.n_done, progress.n_photos or progress.n_done + 1)

        summary = segment_many(
            segmenting.network if file is None else load(),
            load,
            sources,
            out_folder,
            work,
            machine=runs_on,
            on_note=output.say,
            **options.arguments(**segmenting.made_of),
            **segmenting.looking,
            **values_of(outputs),
            progress=report,
        )
    kept = f", {len(summary.kept)} were done already" if summary.kept else ""
    output.say(f"Segmented {len(summary.segmented)} photos{kept}: {summary.folder}")
    if options.draft_format:
        files = counted(len(summary.drafts), "file")
        output.say(
            f"Drafts in the format {options.draft_format}: {files} written; others that are there stay."
        )
    if summary.n_objects is not None:
        output.say(f"Found {counted(summary.n_objects, 'object')}.")
    if summary.without_objects:
        empty = counted(len(summary.without_objects), "photo")
        output.say(f"Note: no object found in {empty}: {listed(summary.without_objects)}.")
    page_path = None
    if page.page:
        page_path = write_results_page(
            summary.folder, on_page, segmenting.network.part_set, failed=summary.failed
        )
        output.say(f"What was found where: {page_path}")
    for told in sources.told():
        output.say(f"Note: {told}")
    if summary.mended:
        mended = listed(f"{name}: {note}" for name, note in summary.mended)
        output.say(f"Note: {counted(len(summary.mended), 'fault')} of photos mended ({mended}).")
    output.result(
        {
            "folder": str(summary.folder),
            "with": segmenting.kind,
            "engine": engine.engine,
            "machine": runs_on.name,
            "areas": summary.areas_path and str(summary.areas_path),
            "drafts": [str(path) for path in summary.drafts],
            "page": page_path and str(page_path),
            "objects": summary.n_objects,
            "without_objects": list(summary.without_objects),
            "segmented": list(summary.segmented),
            "kept": list(summary.kept),
            "failed": [{"photo": name, "reason": reason} for name, reason in summary.failed],
            "mended": [{"photo": name, "note": note} for name, note in summary.mended],
            "ignored": sources.n_ignored,
            "passed_over": list(sources.passed_over),
            "notes": list(sources.notes),
        }
    )
    summary.raise_failures()
