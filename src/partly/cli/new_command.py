"""``partly new``."""

from __future__ import annotations

from pathlib import Path

import click

from partly.cli.option_flags import takes
from partly.cli.terminal_output import Output, json_option
from partly.errors import counted
from partly.project import PhotoOptions


@click.command()
@click.argument("project_folder", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option(
    "--generator",
    help="A name that `partly get` knows, or a model folder.  [default: ffhq, or none with --photos]",
)
@takes(photos=PhotoOptions)
@click.option(
    "--parts",
    help="faces, a JSON or TOML file, or names with commas, the background first.  "
    "[default: faces, with a generator]",
)
@click.option(
    "--classes",
    default="",
    help="Of a generator that knows classes, those to draw, with commas; all in turn when not given.",
)
@json_option
def command(
    project_folder: Path,
    generator: str | None,
    photos: PhotoOptions,
    parts: str | None,
    classes: str,
    as_json: bool,
) -> None:
    """Make a project in FOLDER; its project.toml can be edited by hand.

    Pictures to label come from a generator, or with --photos from photos of any kind of object.
    """
    from partly.project import create_project, new_settings, project_photos, state_of

    output = Output(as_json)
    settings = new_settings(project_folder, generator, photos, parts, _names(classes))
    project = create_project(project_folder, settings)
    state = state_of(project)
    notes: tuple[str, ...] = ()
    if state.n_photos is not None:
        output.say(f"Found {counted(state.n_photos, 'photo')} in {photos.folder}")
        notes = project_photos(project).told()
        for note in notes:
            output.say(f"Note: {note}")
    names = project.part_set.names
    output.say(f"Made {project_folder} with {len(names)} parts: {', '.join(names)}")
    output.say(f"Next: {state.next_step}")
    output.result({**state.to_json(), "notes": list(notes)})


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))
