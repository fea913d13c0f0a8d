"""A project's labels as files of other programs."""

from __future__ import annotations

from pathlib import Path

from partly.annotations import list_annotations
from partly.annotations.formats import Fill, Style, format_named, write_labels
from partly.errors import BadOption, BadProject
from partly.project.project import Project


def export_labels(
    project: Project, path: Path, *, format_name: str, style: Style = "mask", fill: Fill = "background"
) -> list[Path]:
    """Write all annotations of a project; pictures are named as in its ``pictures``.

    Args:
        project: whose annotations.
        path: a file, or for formats with one file for each picture a folder.
        format_name: see :data:`partly.annotations.formats.FORMATS`.
        style: bitmaps or polygons, where the format has both.
        fill: what need not be written, because readers fill it in.

    Returns:
        The files written.

    Raises:
        BadProject: nothing is labelled yet.
        BadOption: an unknown format, a folder where it has one file, or a place that holds the project's own
            files.
        BadLabel: an annotation is damaged, or one file is named for several pictures.
    """
    _check_place(project, path, one_file_each=format_named(format_name).one_file_each)
    annotations = list_annotations(project.annotations, project.part_set)
    if not annotations:
        raise BadProject(
            "has no labels yet",
            remedy=f"Run: partly label {project.folder}",
            path=project.folder,
        )
    labels = [(f"{annotation.id}.png", annotation.label_map) for annotation in annotations]
    return write_labels(path, labels, project.part_set, format_name=format_name, style=style, fill=fill)


def _check_place(project: Project, path: Path, *, one_file_each: bool) -> None:
    if path.is_dir() and not one_file_each:
        raise BadOption(
            "is a folder", expected="a file, since this format holds all labels in one", path=path
        )
    for own in (project.pictures, project.annotations):
        # Files there have the very names that labels are written under.
        if path.resolve().is_relative_to(own.resolve()):
            raise BadOption(
                "lies among the project's own files", expected=f"a place outside {own}", path=path
            )
