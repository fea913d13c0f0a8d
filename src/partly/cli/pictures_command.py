"""``partly pictures``."""

from __future__ import annotations

from pathlib import Path

import click

from partly.cli.option_flags import takes
from partly.cli.terminal_output import Output, json_option
from partly.machine import MachineOptions
from partly.project import PicturesRequest


@click.command()
@click.argument("project_folder", metavar="PROJECT", type=click.Path(path_type=Path))
@takes(request=PicturesRequest, machine=MachineOptions)
@click.option(
    "--like",
    "photos",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="PHOTO",
    help="Instead, the generated picture that is nearest to this photo, which is searched for; several times "
    "for several photos.",
)
@json_option
def command(
    project_folder: Path,
    request: PicturesRequest,
    machine: MachineOptions,
    photos: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Write the pictures that are best labelled as PNG, with a contact sheet, best first.

    They are generated, or photos of a project that has no generator. They are in the tray of the studio then:
    partly label. Any program that writes a format of partly label will do too.
    """
    from partly.cli.terminal_progress import Bars
    from partly.machine import Machine
    from partly.project import SHEET_NAME, open_project, pictures_like, propose

    output = Output(as_json)
    project = open_project(project_folder)
    on = Machine.for_inference(machine)
    with Bars() as bars:
        if photos:
            _alone(request)
            pictures = pictures_like(project, photos, machine=on, on_note=output.say, on_progress=bars)
        else:
            pictures = propose(project, request, bars, on)
    said = "Nearest to the photos" if photos else "Best first"
    output.say(f"{said}: {', '.join(picture.id for picture in pictures)}")
    output.say(f"See {project.pictures / SHEET_NAME}; label one, then: partly label {project_folder} FILE")
    if any(picture.is_small for picture in pictures):
        output.say("They are small to paint on: --size 256, with another --seed, writes them larger")
    output.result(
        {
            "contact_sheet": str(project.pictures / SHEET_NAME),
            "pictures": [{"id": p.id, "path": str(p.path), "size_px": max(p.shape)} for p in pictures],
        }
    )


def _alone(request: PicturesRequest) -> None:
    """Refuse options of other choices beside --like."""
    if request != PicturesRequest():
        raise click.UsageError("--like takes none of the options that choose among pictures: give it alone.")
