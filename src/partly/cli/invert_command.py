"""``partly invert``."""

from __future__ import annotations

from pathlib import Path

import click

from partly.cli.option_flags import takes
from partly.cli.terminal_output import Output, json_option
from partly.inference.invert import InvertOptions
from partly.machine import MachineOptions


@click.command()
@click.argument("generator")
@click.argument("photos", metavar="PHOTO...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--out",
    "out_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the results; by default inverted.",
)
@click.option(
    "--encoder",
    "encoder_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of an encoder; by default the one that was learned for this generator.",
)
@takes(options=InvertOptions, machine=MachineOptions)
@json_option
def command(
    generator: str,
    photos: tuple[Path, ...],
    out_folder: Path | None,
    encoder_folder: Path | None,
    options: InvertOptions,
    machine: MachineOptions,
    as_json: bool,
) -> None:
    """Find PHOTO... in GENERATOR (a project, a name, a model folder): the latents of pictures like them.

    PHOTO... are photos, folders, zips. Writes the latent and the picture of each, both beside each other, and
    a page. The same command goes on after a stop.
    """
    from partly.cli.terminal_progress import Bars
    from partly.machine import Machine
    from partly.project import invert_with

    output = Output(as_json)
    if not photos:
        raise click.UsageError("Missing argument 'PHOTO...'.")
    with Bars() as bars:
        inversion = invert_with(
            generator,
            photos,
            out_folder or Path("inverted"),
            options,
            encoder_folder,
            machine=Machine.for_inference(machine),
            on_note=output.say,
            on_forecast=lambda forecast: output.say(str(forecast)),
            on_progress=bars,
        )
    summary = inversion.summary
    kept = f", {len(summary.kept)} were done already" if summary.kept else ""
    output.say(f"Found {len(summary.inverted)} photos{kept}: {summary.folder}")
    for note in inversion.notes:
        output.say(f"Note: {note}")
    output.say(f"Page: {inversion.page}")
    output.result(inversion.to_json())
    summary.raise_failures()
