"""The auto-shot network as one ONNX file: of a project, or of a model folder."""

from __future__ import annotations

from pathlib import Path

from partly.errors import BadModelFile
from partly.export import OnnxFile, export_onnx, read_onnx_facts
from partly.project.digests import model_digest, model_part_set
from partly.project.networks import network_of
from partly.project.project import is_project

ONNX_FILE_NAME = "network.onnx"
"""Where it is unless another place is named: beside the network's ``model.json``."""


def network_file(folder: Path) -> Path:
    """The usual place of the file of a project or model folder."""
    return _model_folder(folder) / ONNX_FILE_NAME


def export_network(folder: Path, file: Path | None = None) -> OnnxFile:
    """Export the network of a project or model folder.

    Args:
        folder: the project or model folder.
        file: where to; the usual place by default.

    Raises:
        NotAvailable: a package that this needs is not installed.
        BadModelFile: the folder is neither, or the model is damaged.
        BadProject: the project has no network yet.
        PartlyError: the exported network is not what it should be; nothing is written.
    """
    return export_onnx(network_of(folder), file or network_file(folder))


def current_network_file(folder: Path) -> Path | None:
    """The file in its usual place; None where there is none, or the network or its parts changed since."""
    file, model = network_file(folder), _model_folder(folder)
    try:
        facts = read_onnx_facts(file)
    except BadModelFile:
        return None
    same = facts["digest"] == model_digest(model) and facts["part_set"] == model_part_set(model)
    return file if same else None


def _model_folder(folder: Path) -> Path:
    return folder / "models" / "auto_shot" if is_project(folder) else folder
