"""``partly label``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from partly.annotations import count_part_pixels
from partly.annotations.formats import FORMATS, Style
from partly.annotations.formats.painting import FILL_IDS, Fill
from partly.cli.output import Output, json_option
from partly.project import Project, open_project
from partly.project.export import export_labels
from partly.project.labels import LabelledFile, import_labels, import_shipped
from partly.project.state import state_of


@click.command()
@click.argument("project_folder", metavar="[PROJECT]", required=False, type=click.Path(path_type=Path))
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the studio.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port of the studio; by default that of last time, or 8700, or the next free one.",
)
@click.option("--no-browser", is_flag=True, help="Only print the address of the studio.")
@click.option(
    "--generator",
    help="Of a project that the studio makes: a name that `partly get` knows, or a model folder.",
)
@click.option("--picture", "picture_id", help="The picture that the only label map belongs to.")
@click.option(
    "--format",
    "format_name",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", *FORMATS]),
    help="The format of the files.",
)
@click.option(
    "--fill",
    default="background",
    show_default=True,
    type=click.Choice(list(FILL_IDS)),
    help="What pixels are that no shape covers; `unlabelled` for scribbles.",
)
@click.option("--replace", is_flag=True, help="Take the place of other labels of the same pictures.")
@click.option(
    "--shipped",
    multiple=True,
    metavar="ID",
    help="Take a label map that ships with Partly, of the generator ffhq: face-1 to face-5, or `all`.",
)
@click.option(
    "--export",
    "export_path",
    metavar="FILE_OR_FOLDER",
    type=click.Path(path_type=Path),
    help="Take nothing in: write the project's labels there, in the format of --format.",
)
@click.option(
    "--style",
    default="mask",
    show_default=True,
    type=click.Choice(["mask", "polygon"]),
    help="With --export: bitmaps, or polygons along the edges of pixels.",
)
@json_option
@click.pass_context
def command(
    context: click.Context,
    project_folder: Path | None,
    files: tuple[Path, ...],
    host: str,
    port: int | None,
    no_browser: bool,
    generator: str | None,
    picture_id: str | None,
    format_name: str,
    fill: Fill,
    replace: bool,
    shipped: tuple[str, ...],
    export_path: Path | None,
    style: Style,
    as_json: bool,
) -> None:
    """Paint the parts of pictures in the studio, a page in the browser; PROJECT is made if it is not there.

    With FILE..., label files or folders of them: take their labels into PROJECT instead. A file belongs to
    the picture whose name it has, or names; --picture names another. 255 is unlabelled.
    """
    output = Output(as_json)
    if export_path is None and not files and not shipped:
        of_files = ("picture_id", "format_name", "fill", "replace", "style")
        _refuse(context, of_files, "Give label files, or --shipped face-1.")
        _paint(project_folder, generator, host, port, output, open_browser=not no_browser)
        return
    of_studio = ("host", "port", "no_browser", "generator")
    _refuse(context, of_studio, "Options of the studio go without label files, --shipped and --export.")
    if project_folder is None:
        raise click.UsageError("Name the project first.")
    if export_path is not None:
        if files or shipped or picture_id or replace:
            raise click.UsageError("--export takes no label files, --shipped, --picture or --replace.")
        if format_name == "auto":
            raise click.UsageError(f"Give --export a --format: {', '.join(FORMATS)}.")
        _export(open_project(project_folder), export_path, format_name, style, fill, output)
        return
    choices = {"picture_id": picture_id, "fill": fill, "replace": replace}
    _take_in(open_project(project_folder), files, shipped, format_name, choices, output)


def _refuse(context: click.Context, names: tuple[str, ...], text: str) -> None:
    """Refuse options that belong to the other use of the verb."""
    for name in names:
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(text)


def _paint(
    folder: Path | None,
    generator: str | None,
    host: str,
    port: int | None,
    output: Output,
    *,
    open_browser: bool,
) -> None:
    from partly.studio.http.serving import serve
    from partly.studio.session import Session
    from partly.studio.session.open_or_create import DEFAULT_FOLDER, open_or_create

    start = open_or_create(folder or DEFAULT_FOLDER, generator)
    for line in start.told:
        output.say(line)

    def started(url: str) -> None:
        output.say(f"The studio is open at {url}")
        output.say("Every stroke is saved at once. End with Ctrl-C.")
        output.result({"url": url, "project": str(start.project.folder)})

    serve(Session(start.project), host, port, open_browser=open_browser, on_start=started)
    output.say(f"All is saved. Go on with: partly label {start.project.folder}")


def _take_in(
    project: Project,
    files: tuple[Path, ...],
    shipped: tuple[str, ...],
    format_name: str,
    choices: Mapping[str, Any],
    output: Output,
) -> None:
    kept: list[LabelledFile] = []
    if shipped:
        ids = () if "all" in shipped else shipped
        kept += import_shipped(project, ids, replace=choices["replace"])
    if files:
        name = None if format_name == "auto" else format_name
        kept += import_labels(project, files, format_name=name, **choices)
    for one in kept:
        output.say(_told(project, one))
    state = state_of(project)
    output.say(f"Next: {state.next_step}")
    output.result(
        {
            "annotations": [
                {
                    "id": one.annotation.id,
                    "overlay": str(one.overlay),
                    "was_there": one.was_there,
                    "n_pixels": count_part_pixels(one.annotation.label_map, project.part_set),
                }
                for one in kept
            ],
            "next_step": state.next_step,
        }
    )


def _export(project: Project, path: Path, format_name: str, style: Style, fill: Fill, output: Output) -> None:
    written = export_labels(project, path, format_name=format_name, style=style, fill=fill)
    for file in written:
        output.say(f"Wrote {file}")
    output.result({"files": [str(file) for file in written]})


def _told(project: Project, one: LabelledFile) -> str:
    counts = count_part_pixels(one.annotation.label_map, project.part_set)
    missing = [name for name in project.part_set.names if not counts[name]]
    text = f"{one.annotation.id} {'was there already' if one.was_there else 'is labelled'}; see {one.overlay}"
    return text + (f"\n  without a pixel: {', '.join(missing)}" if missing else "")
