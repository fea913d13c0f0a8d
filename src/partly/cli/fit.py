"""``partly fit``."""

from __future__ import annotations

from pathlib import Path

import click

from partly.cli.output import Output, json_option
from partly.cli.progress import Bars
from partly.project import open_project
from partly.project.fit import few_shot_config, fit_project
from partly.training.few_shot.method_table import METHODS


@click.command()
@click.argument("project_folder", metavar="PROJECT", type=click.Path(path_type=Path))
@click.option(
    "--method",
    "methods",
    multiple=True,
    type=click.Choice(tuple(METHODS)),
    help="A few-shot segmenter; several make an ensemble. As project.toml says by default.",
)
@click.option(
    "--fixed-layout/--free-layout",
    default=None,
    help="Whether parts stay near where labels show them, or are anywhere. As project.toml says by default.",
)
@click.option(
    "--allow-missing-parts",
    is_flag=True,
    help="Fit although parts are labelled nowhere: two are enough. The others are never found.",
)
@click.option("--seed", default=0, show_default=True, help="Of everything drawn.")
@click.option("--again", is_flag=True, help="Fit even if nothing changed.")
@json_option
def command(
    project_folder: Path,
    methods: tuple[str, ...],
    fixed_layout: bool | None,
    allow_missing_parts: bool,
    seed: int,
    again: bool,
    as_json: bool,
) -> None:
    """Fit the few-shot segmenter of PROJECT on all its labelled pictures, and preview it on fresh ones."""
    output = Output(as_json)
    project = open_project(project_folder)
    config = few_shot_config(
        project,
        methods=methods,
        fixed_layout=fixed_layout,
        allow_missing_parts=allow_missing_parts,
        seed=seed,
    )
    with Bars() as bars:
        result = fit_project(project, config, anew=again, on_progress=bars)
    done = "Nothing changed since it was fitted" if result.was_there else "Fitted"
    output.say(f"{done} on {', '.join(result.annotation_ids)}; see {result.previews}")
    if result.missing_parts:
        output.say(f"Labelled nowhere, and so never found: {', '.join(result.missing_parts)}")
    output.say(f"Next: partly distil {project_folder}")
    output.result(
        {
            "folder": str(result.folder),
            "annotations": list(result.annotation_ids),
            "missing_parts": list(result.missing_parts),
            "previews": str(result.previews),
            "was_there": result.was_there,
        }
    )
