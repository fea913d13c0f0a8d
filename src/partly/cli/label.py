"""``partly label``."""

from __future__ import annotations

from pathlib import Path

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
@click.argument("project_folder", metavar="PROJECT", type=click.Path(path_type=Path))
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
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
def command(
    project_folder: Path,
    files: tuple[Path, ...],
    picture_id: str | None,
    format_name: str,
    fill: Fill,
    replace: bool,
    shipped: tuple[str, ...],
    export_path: Path | None,
    style: Style,
    as_json: bool,
) -> None:
    """Take the labels of pictures from FILE..., label files or folders of them, into PROJECT.

    A file belongs to the picture whose name it has, or names; --picture names another. 255 is unlabelled.
    """
    if export_path is not None:
        if files or shipped or picture_id or replace:
            raise click.UsageError("--export takes no label files, --shipped, --picture or --replace.")
        if format_name == "auto":
            raise click.UsageError(f"Give --export a --format: {', '.join(FORMATS)}.")
        _export(open_project(project_folder), export_path, format_name, style, fill, Output(as_json))
        return
    if not files and not shipped:
        raise click.UsageError("Give label files, or --shipped face-1.")
    output = Output(as_json)
    project = open_project(project_folder)
    kept: list[LabelledFile] = []
    if shipped:
        kept += import_shipped(project, () if "all" in shipped else shipped, replace=replace)
    if files:
        name = None if format_name == "auto" else format_name
        kept += import_labels(
            project, files, picture_id=picture_id, format_name=name, fill=fill, replace=replace
        )
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
