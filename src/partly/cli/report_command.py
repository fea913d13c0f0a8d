"""``partly report``."""

from __future__ import annotations

from pathlib import Path

import click

from partly.cli.terminal_output import Output, json_option


@click.command()
@click.argument("project_folder", metavar="PROJECT", type=click.Path(path_type=Path))
@json_option
def command(project_folder: Path, as_json: bool) -> None:
    """Write PROJECT/report.html: pictures, labels, curves and panels on one page that needs nothing else."""
    from partly.project import open_project, write_project_page

    output = Output(as_json)
    path = write_project_page(open_project(project_folder))
    output.say(f"Page: {path}")
    output.result({"page": str(path)})
