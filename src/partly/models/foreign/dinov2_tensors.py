"""The tensors of a DINOv2, as its authors or Hugging Face name them, brought to those of :class:`DinoV2`.

Of the authors' names: https://github.com/facebookresearch/dinov2, ``dinov2/models/vision_transformer.py``. Of
the others, and which belongs to which: https://github.com/huggingface/transformers,
``models/dinov2_with_registers/convert_dinov2_with_registers_to_hf.py``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from partly.errors import BadModelFile, BadOption
from partly.models.encoders.dinov2_encoder import DinoV2, DinoV2Shape, Positions

HEAD_WIDTH = 64
"""Channels of a head of attention, in all that were published."""
_N_NAMED = 3
_MASK = "mask_token"
"""Stood in for hidden patches in training."""
_BLOCK = re.compile(r"blocks\.(\d+)\.")
_HUGGING_FACE_BLOCK = re.compile(r"encoder\.layer\.(\d+)\.(.+)")
_HUGGING_FACE = {
    "embeddings.cls_token": "cls_token",
    "embeddings.mask_token": _MASK,
    "embeddings.register_tokens": "register_tokens",
    "embeddings.position_embeddings": "pos_embed",
    "embeddings.patch_embeddings.projection.weight": "patch_embed.proj.weight",
    "embeddings.patch_embeddings.projection.bias": "patch_embed.proj.bias",
    "layernorm.weight": "norm.weight",
    "layernorm.bias": "norm.bias",
}
_HUGGING_FACE_LAYERS = {
    "attention.output.dense": "attn.proj",
    "layer_scale1.lambda1": "ls1.gamma",
    "layer_scale2.lambda1": "ls2.gamma",
}
_QUERY_KEY_VALUE = tuple(f"attention.attention.{part}" for part in ("query", "key", "value"))


def authors_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors that Hugging Face named, under the names of the authors; unknown ones keep theirs.

    Args:
        tensors: queries, keys and values each by itself; they are put together where all three are there.
    """
    renamed: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        renamed[_HUGGING_FACE.get(name, name)] = tensor
    for name in tensors:
        found = _HUGGING_FACE_BLOCK.fullmatch(name)
        if found is None or name not in renamed:
            continue
        block, rest = f"blocks.{found[1]}.", found[2]
        first, _, kind = rest.rpartition(".")
        if first in _QUERY_KEY_VALUE:
            parts = [f"encoder.layer.{found[1]}.{part}.{kind}" for part in _QUERY_KEY_VALUE]
            if all(part in renamed for part in parts):
                renamed[f"{block}attn.qkv.{kind}"] = torch.cat([renamed.pop(part) for part in parts])
            continue
        own = _HUGGING_FACE_LAYERS.get(rest) or f"{_HUGGING_FACE_LAYERS.get(first, first)}.{kind}"
        renamed[block + own] = renamed.pop(name)
    return renamed


def dinov2_of(tensors: Mapping[str, Tensor], positions: Positions, path: Path) -> DinoV2:
    """The network that tensors under the authors' names make.

    Args:
        tensors: all of them, and no others.
        positions: how learned positions reach another grid.
        path: the file, for errors.

    Raises:
        BadModelFile: they make no DINOv2 of patches of 14 px, or some are missing or left over.
    """
    shape = _shape_of(tensors, positions, path)
    with torch.device("meta"):
        network = DinoV2(shape)
    wanted = network.state_dict()
    found = {name: tensor for name, tensor in tensors.items() if name != _MASK}
    if not shape.n_registers:
        found["register_tokens"] = torch.zeros(wanted["register_tokens"].shape)
    _check_names(found, wanted, path)
    for name, tensor in found.items():
        if tensor.shape != wanted[name].shape:
            raise BadModelFile(
                f"{name} has shape {list(tensor.shape)}",
                expected=f"{list(wanted[name].shape)}, by the shapes of the other tensors",
                remedy="It is damaged, or of a network derived from DINOv2, which Partly does not know",
                path=path,
            )
        if not tensor.isfinite().all():
            raise BadModelFile(
                f"{name} holds numbers that are not finite", remedy="Download it again", path=path
            )
    network.load_state_dict({name: tensor.detach().float() for name, tensor in found.items()}, assign=True)
    return network.eval().requires_grad_(False)


def _shape_of(tensors: Mapping[str, Tensor], positions: Positions, path: Path) -> DinoV2Shape:
    """What the shapes of a few tensors say."""
    if any(".mlp.w12." in name or ".mlp.weights_in." in name for name in tensors):
        raise BadModelFile(
            "is a giant DINOv2, whose blocks are others (SwiGLU)",
            expected="a small, base or large one",
            remedy="Take dinov2_vitl14_pretrain.pth, or a smaller one",
            path=path,
        )
    learned = _found(tensors, "pos_embed", 3, path)
    registers = tensors.get("register_tokens")
    depth = 1 + max((int(found[1]) for name in tensors if (found := _BLOCK.match(name))), default=-1)
    width, grid = learned.shape[2], math.isqrt(max(learned.shape[1] - 1, 0))
    try:
        return DinoV2Shape(
            width=width,
            depth=depth,
            n_heads=max(1, width // HEAD_WIDTH),
            n_registers=0 if registers is None else _found(tensors, "register_tokens", 3, path).shape[1],
            grid=grid,
            positions=positions,
        )
    except BadOption as error:
        raise BadModelFile(
            f"makes no DINOv2 that Partly knows ({error})", expected="a published one", path=path
        ) from error


def _found(tensors: Mapping[str, Tensor], name: str, n_axes: int, path: Path) -> Tensor:
    if name not in tensors:
        raise _lacking([name], path)
    if tensors[name].ndim != n_axes:
        raise BadModelFile(
            f"{name} has shape {list(tensors[name].shape)}", expected=f"{n_axes} axes", path=path
        )
    return tensors[name]


def _check_names(found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], path: Path) -> None:
    if lacking := sorted(wanted.keys() - found.keys()):
        raise _lacking(lacking, path)
    if others := sorted(found.keys() - wanted.keys()):
        raise BadModelFile(
            f"has tensors that no DINOv2 has: {_some(others)}",
            expected="the network of a published file, and nothing else",
            remedy="Take one of the files that its authors published",
            path=path,
        )


def _lacking(names: list[str], path: Path) -> BadModelFile:
    return BadModelFile(
        f"lacks {_some(names)}",
        expected="all tensors of a DINOv2",
        remedy="It is incomplete, or of another network: download it again",
        path=path,
    )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _N_NAMED} more" if len(names) > _N_NAMED else ""
    return f"{', '.join(names[:_N_NAMED])}{more}"
