"""Files of DINOv2: those of its authors, and those in the layout of Hugging Face.

The first are state dicts in a file of ``torch.save`` (``dinov2_vits14_pretrain.pth``, ``dinov2_vitb14_reg4_
pretrain.pth`` and so on), the second are named ``model.safetensors``. How positions reach other grids is told
by no tensor: it is as https://github.com/facebookresearch/dinov2 (``dinov2/hub/backbones.py``) and
https://github.com/huggingface/transformers (``models/dinov2`` and ``models/dinov2_with_registers``) have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from partly.errors import BadModelFile, BadOption
from partly.models.encoders.dinov2_encoder import DinoV2Shape
from partly.models.foreign.dinov2_tensors import authors_names, dinov2_of
from partly.models.foreign.foreign_encoder import ForeignEncoder
from partly.models.foreign.inert_tensors import is_tensor, tensor_of
from partly.models.foreign.wrapper_prefixes import Wrapped, chosen_state, wrapped_states

AUTHORS, HUGGING_FACE = "dinov2", "dinov2-hugging-face"
_LICENCE = (
    "As of its authors, whom Partly does not know. The files that Meta published as DINOv2 are Apache-2.0; "
    "ask where this one comes from before you share it."
)
_AUTHORS_SIGNS = ("cls_token", "patch_embed.proj.weight", "blocks.0.attn.qkv.weight")
_HUGGING_FACE_SIGNS = ("embeddings.position_embeddings", "encoder.layer.0.layer_scale1.lambda1")
_OWN_PREFIXES = ("", "dinov2.", "dinov2_with_registers.")
"""Of tensors in networks with a classifier, which is beside what they begin with."""
_CLASSIFIER = "classifier."
_SIZES = {(384, 12): "small", (768, 12): "base", (1024, 24): "large"}
_HALVES = {torch.float16: "float16", torch.bfloat16: "bfloat16"}


def recognises_authors(content: Any) -> bool:
    """Whether a file's content is a vision transformer as the authors name its tensors, DINOv2 or not."""
    return bool(wrapped_states(content, _AUTHORS_SIGNS))


def recognises_hugging_face(content: Any) -> bool:
    """Whether a file's content is a DINOv2 as Hugging Face names its tensors, whole or not."""
    return bool(_hugging_face_states(content))


def read_authors(content: Any, path: Path, class_index: int | None) -> ForeignEncoder:
    """The network in content of the authors' format.

    Raises:
        BadModelFile: it is no DINOv2, or tensors are missing, left over or of another shape.
        BadOption: a class is asked for.
    """
    wrapped = chosen_state(wrapped_states(content, _AUTHORS_SIGNS), path)
    tensors, remarks = _plain(wrapped.state, path, class_index)
    return _encoder(AUTHORS, tensors, [*wrapped.remarks, *remarks], path)


def read_hugging_face(content: Any, path: Path, class_index: int | None) -> ForeignEncoder:
    """The network in content of Hugging Face's layout; a classifier beside it is left out.

    Raises:
        BadModelFile: it is no DINOv2, or tensors are missing, left over or of another shape.
        BadOption: a class is asked for.
    """
    wrapped = chosen_state(_hugging_face_states(content), path)
    body = {name: value for name, value in wrapped.state.items() if not name.startswith(_CLASSIFIER)}
    tensors, remarks = _plain(body, path, class_index)
    if len(body) < len(wrapped.state) or any(_CLASSIFIER in name for name in wrapped.others):
        remarks.append("its classifier was left out")
    elif wrapped.prefix not in _OWN_PREFIXES:
        remarks = [*wrapped.remarks, *remarks]
    return _encoder(HUGGING_FACE, authors_names(tensors), remarks, path)


def _encoder(name: str, tensors: Mapping[str, Tensor], remarks: list[str], path: Path) -> ForeignEncoder:
    if "register_tokens" in tensors:
        network = dinov2_of(tensors, "antialiased", path)
    else:
        network = dinov2_of(tensors, "offset" if name == AUTHORS else "sized", path)
    return ForeignEncoder(name, network, _title(network.shape), _LICENCE, tuple(remarks))


def _title(shape: DinoV2Shape) -> str:
    size = _SIZES.get((shape.width, shape.depth), f"of {shape.depth} blocks of {shape.width} channels")
    return f"DINOv2 {size}, with {shape.n_registers} registers" if shape.n_registers else f"DINOv2 {size}"


def _hugging_face_states(content: Any) -> list[Wrapped]:
    """The networks whose names are those of Hugging Face."""
    for sign in _HUGGING_FACE_SIGNS:
        if found := wrapped_states(content, (sign,)):
            return found
    return []


def _plain(
    content: Mapping[Any, Any], path: Path, class_index: int | None
) -> tuple[dict[str, Tensor], list[str]]:
    """The tensors in single precision, and what is to be said of them."""
    if class_index is not None:
        raise BadOption("its network knows no classes", remedy="Choose none", path=path)
    tensors: dict[str, Tensor] = {}
    halves: set[str] = set()
    for name, value in content.items():
        tensor = tensor_of(value, str(name), path) if is_tensor(value) else value
        if not isinstance(tensor, Tensor) or not tensor.is_floating_point():
            raise BadModelFile(
                f"{name} is of type {_type_name(tensor)}",
                expected="float32, or float16 or bfloat16, which are taken as float32",
                remedy="Take the file as it was published, not one made smaller for another program",
                path=path,
            )
        if tensor.dtype in _HALVES:
            halves.add(_HALVES[tensor.dtype])
        tensors[str(name)] = tensor.float()
    remarks = []
    if halves:
        remarks.append(
            f"it is in half precision ({' and '.join(sorted(halves))}), and was taken as float32: features "
            "differ a little from those of a file in full precision, and so does the digest"
        )
    return tensors, remarks


def _type_name(value: Any) -> str:
    return str(value.dtype).removeprefix("torch.") if isinstance(value, Tensor) else type(value).__name__
