"""The exported file that is served for a network: itself, or that of a project or model folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from partly.errors import BadModelFile, BadOption
from partly.project.project_folder import is_project, open_project
from partly.project.segment_choices import SegmentChoice
from partly.storage import cache_folder

if TYPE_CHECKING:
    from partly.inference.segment import EncoderNetwork
    from partly.models.networks import AutoShotNetwork

ONNX_FILE_NAME = "network.onnx"


@dataclass(frozen=True)
class ServedFile:
    """An exported network.

    Attributes:
        path: the file.
        notes: what the user should know of how it came.
    """

    path: Path
    notes: tuple[str, ...] = ()


def served_file(network: Path, choice: SegmentChoice | None = None) -> ServedFile:
    """The file to serve; for a folder whose file is missing or older than its network, it is exported.

    A file is taken as it is, and nothing of this needs torch then.

    Args:
        network: an exported file, a project, or the folder of a network.
        choice: which network of a project, as for ``partly segment``.

    Raises:
        BadModelFile: it is neither, or a model is damaged.
        BadProject: the project has not got what is chosen.
        BadOption: something is chosen for a file, or there is no export of the encoder or segmenter inside.
        NotAvailable: a package that an export needs is not installed.
    """
    chosen = choice.segmenter if choice else None
    if not network.is_dir():
        if chosen is not None:
            raise BadOption(
                f"--with {chosen} for a file", expected="a project, or the file alone", path=network
            )
        return ServedFile(network)
    return _exported(network, choice)


def _exported(folder: Path, choice: SegmentChoice | None) -> ServedFile:
    from partly.inference.export import export_onnx
    from partly.project.photo_segmenters import segmenting_network

    segmenting = segmenting_network(folder, choice)
    notes = (segmenting.note,) if segmenting.note else ()
    network = segmenting.network
    beside = _folder_of(folder, segmenting.kind) / ONNX_FILE_NAME
    in_cache = cache_folder() / "exported" / f"{network.digest}.onnx"
    for place in (beside, in_cache):
        if _is_of(place, network):
            return ServedFile(place, notes)
    place = beside if _can_write_to(beside.parent) else in_cache
    place.parent.mkdir(parents=True, exist_ok=True)
    export_onnx(network, place)
    return ServedFile(place, (*notes, f"The network was exported, once: {place}"))


def _can_write_to(folder: Path) -> bool:
    return os.access(folder, os.W_OK)


def _is_of(file: Path, network: AutoShotNetwork | EncoderNetwork) -> bool:
    """Whether a file is there that was made from this network, with its parts of now."""
    from partly.inference.export import read_onnx_facts

    try:
        facts = read_onnx_facts(file)
    except (BadModelFile, OSError):
        return False
    return (facts["digest"], facts["part_set"]) == (network.digest, network.part_set.to_json())


def _folder_of(folder: Path, kind: str) -> Path:
    """Where the network of a kind lies."""
    if not is_project(folder):
        return folder
    project = open_project(folder)
    return {"network": project.auto_shot, "best": project.best, "teacher": project.few_shot}[kind]
