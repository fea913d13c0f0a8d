"""A network as one ONNX file: of a project, or of a model folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from partly.data.label_formats import Fill, Style, format_named, write_labels
from partly.data.labels import list_annotations
from partly.errors import BadModelFile, BadOption, BadProject
from partly.project.export_choices import ExportChoice
from partly.project.model_digests import model_digest, model_part_set
from partly.project.project_folder import Project, is_project, open_project
from partly.project.segment_choices import SegmentChoice

if TYPE_CHECKING:
    from partly.inference.export import OnnxFile


def export_labels(
    project: Project, path: Path, *, format_name: str, style: Style = "mask", fill: Fill = "background"
) -> list[Path]:
    """Write all annotations of a project; pictures are named as in its ``pictures``.

    Args:
        project: whose annotations.
        path: a file, or for formats with one file for each picture a folder.
        format_name: see :data:`partly.data.label_formats.FORMATS`.
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


ONNX_FILE_NAME = "network.onnx"
"""Where it is unless another place is named: beside the network's ``model.json``."""


def network_file(folder: Path, network: Literal["network", "best"] = "network") -> Path:
    """The usual place of the file of a project or model folder; of a project, of one of its networks."""
    if network == "best" and is_project(folder):
        return open_project(folder).best / ONNX_FILE_NAME
    return _model_folder(folder) / ONNX_FILE_NAME


def export_network(folder: Path, file: Path | None = None, choice: ExportChoice | None = None) -> OnnxFile:
    """Export the network of a project or model folder.

    Args:
        folder: the project or model folder.
        file: where to; the usual place by default.
        choice: which network of a project, and for what photos.

    Raises:
        NotAvailable: a package that this needs is not installed.
        BadModelFile: the folder is neither, or the model is damaged.
        BadProject: the project has no such network yet.
        BadOption: there is no export of the encoder or segmenter inside, or the network does not read photos
            of that size; or the best network of a model folder is asked for, which has one only.
        PartlyError: the exported network is not what it should be; nothing is written.
    """
    from partly.inference.export import export_onnx
    from partly.project.photo_segmenters import segmenting_network

    choice = choice or ExportChoice()
    chosen = SegmentChoice(choice.network if is_project(folder) or choice.network == "best" else None)
    network = segmenting_network(folder, chosen).network
    return export_onnx(network, file or network_file(folder, choice.network), size=choice.size_px())


def current_network_file(folder: Path) -> Path | None:
    """The file in its usual place; None where there is none, or the network or its parts changed since."""
    from partly.inference.export import read_onnx_facts

    file, model = network_file(folder), _model_folder(folder)
    try:
        facts = read_onnx_facts(file)
    except BadModelFile:
        return None
    same = facts["digest"] == model_digest(model) and facts["part_set"] == model_part_set(model)
    return file if same else None


def _model_folder(folder: Path) -> Path:
    return folder / "models" / "auto_shot" if is_project(folder) else folder
