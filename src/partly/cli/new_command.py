"""``partly new``."""

from __future__ import annotations

from pathlib import Path

import click

from partly.cli.terminal_output import Output, json_option


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--generator",
    default="ffhq",
    show_default=True,
    help="A name that `partly get` knows, or a model folder.",
)
@click.option(
    "--parts",
    default="faces",
    show_default=True,
    help="faces, a JSON or TOML file, or names with commas, the background first.",
)
@click.option(
    "--classes",
    default="",
    help="Of a generator that knows classes, those to draw, with commas; all in turn when not given.",
)
@json_option
def command(folder: Path, generator: str, parts: str, classes: str, as_json: bool) -> None:
    """Make a project in FOLDER; its project.toml can be edited by hand."""
    from partly.project import (
        Settings,
        check_classes,
        create_project,
        generator_reference,
        part_set_from,
        state_of,
        usual_choices,
    )

    output = Output(as_json)
    chosen = generator_reference(generator)
    settings = Settings(chosen, part_set_from(parts), *usual_choices(chosen), classes=_names(classes))
    check_classes(generator, settings.classes)
    project = create_project(folder, settings)
    state = state_of(project)
    output.say(f"Made {folder} with {project.part_set.n_parts} parts: {', '.join(project.part_set.names)}")
    output.say(f"Next: {state.next_step}")
    output.result(state.to_json())


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))
