"""``partly label``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from partly.cli.option_flags import takes
from partly.cli.terminal_output import Output, json_option
from partly.data.label_formats import FORMAT_NAMES
from partly.machine import MachineOptions
from partly.project import LabelFilesRequest, StudioRequest
from partly.storage import values_of

if TYPE_CHECKING:
    from partly.project import LabelledFile, Project


@click.command()
@click.argument("project_folder", metavar="[PROJECT]", required=False, type=click.Path(path_type=Path))
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@takes(studio=StudioRequest, machine=MachineOptions, labels=LabelFilesRequest)
@json_option
@click.pass_context
def command(
    context: click.Context,
    project_folder: Path | None,
    files: tuple[Path, ...],
    studio: StudioRequest,
    machine: MachineOptions,
    labels: LabelFilesRequest,
    as_json: bool,
) -> None:
    """Paint the parts of pictures in the studio, a page in the browser; PROJECT is made if it is not there.

    With FILE..., label files or folders of them: take their labels into PROJECT instead. A file belongs to
    the picture or photo whose name it has, or names; --picture names another. 255 is unlabelled. A label map
    of a photo may be smaller or larger than the photo, if its shape is the same.
    """
    from partly.project import open_project

    output = Output(as_json)
    if labels.export_path is None and not files and not labels.shipped:
        of_files = ("picture_id", "format_name", "fill", "replace", "style")
        _refuse(context, of_files, "Give label files, or --shipped face-1.")
        _paint(project_folder, studio, machine, output)
        return
    of_studio = (*values_of(studio), *values_of(machine))
    _refuse(context, of_studio, "Options of the studio go without label files, --shipped and --export.")
    if project_folder is None:
        raise click.UsageError("Name the project first.")
    if labels.export_path is not None:
        if files or labels.shipped or labels.picture_id or labels.replace:
            raise click.UsageError("--export takes no label files, --shipped, --picture or --replace.")
        if labels.format_name == "auto":
            raise click.UsageError(f"Give --export a --format: {', '.join(FORMAT_NAMES)}.")
        _export(open_project(project_folder), labels.export_path, labels, output)
        return
    _take_in(open_project(project_folder), files, labels, output)


def _refuse(context: click.Context, names: tuple[str, ...], text: str) -> None:
    """Refuse options that belong to the other use of the verb."""
    for name in names:
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(text)


def _paint(folder: Path | None, request: StudioRequest, machine: MachineOptions, output: Output) -> None:
    from partly.studio.http import NOT_BUILT, is_built, serve
    from partly.studio.session import DEFAULT_FOLDER, Session, check_machine, open_or_create

    check_machine(machine)
    opened = open_or_create(folder or DEFAULT_FOLDER, request.generator)
    for line in opened.notes:
        output.say(line)
    if not is_built():
        output.say(NOT_BUILT)

    def started(url: str) -> None:
        output.say(f"The studio is open at {url}")
        output.say("Every stroke is saved at once. End with Ctrl-C.")
        output.result({"url": url, "project": str(opened.project.folder)})

    open_browser = not request.no_browser
    session = Session(opened.project, machine=machine)
    serve(session, request.host, request.port, open_browser=open_browser, on_start=started)
    output.say(f"All is saved. Go on with: partly label {opened.project.folder}")


def _take_in(project: Project, files: tuple[Path, ...], labels: LabelFilesRequest, output: Output) -> None:
    from partly.data.labels import count_part_pixels
    from partly.project import import_labels, import_shipped, state_of

    kept: list[LabelledFile] = []
    notes: list[str] = []

    def tell(text: str) -> None:
        notes.append(f"{text}.")
        output.say(f"Note: {text}.")

    if labels.shipped:
        ids = () if "all" in labels.shipped else labels.shipped
        kept += import_shipped(project, ids, replace=labels.replace)
    if files:
        kept += import_labels(
            project,
            files,
            format_name=None if labels.format_name == "auto" else labels.format_name,
            picture_id=labels.picture_id,
            fill=labels.fill,
            replace=labels.replace,
            tell=tell,
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
            "notes": notes,
            "next_step": state.next_step,
        }
    )


def _export(project: Project, path: Path, labels: LabelFilesRequest, output: Output) -> None:
    from partly.project import export_labels

    written = export_labels(
        project, path, format_name=labels.format_name, style=labels.style, fill=labels.fill
    )
    for file in written:
        output.say(f"Wrote {file}")
    output.result({"files": [str(file) for file in written]})


def _told(project: Project, one: LabelledFile) -> str:
    from partly.data.labels import count_part_pixels

    counts = count_part_pixels(one.annotation.label_map, project.part_set)
    missing = [name for name in project.part_set.names if not counts[name]]
    text = f"{one.annotation.id} {'was there already' if one.was_there else 'is labelled'}; see {one.overlay}"
    if one.scaled_from is not None:
        (height, width), (painted_height, painted_width) = one.scaled_from, one.annotation.label_map.shape
        text += f"\n  scaled from {width} x {height} px to the photo's {painted_width} x {painted_height} px"
    return text + (f"\n  without a pixel: {', '.join(missing)}" if missing else "")
