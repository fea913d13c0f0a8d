"""A network as an ONNX model in memory: bytes in, logits and label map out."""

from __future__ import annotations

import copy
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from partly.inference.export.onnx_graph import OnnxGraph
from partly.inference.export.onnx_translation import resized, translate
from partly.inference.export.sized_encoder import SizedEncoder
from partly.inference.segment import EncoderNetwork
from partly.models.networks import AutoShotNetwork, fused_copy

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET = 18
"""Old enough for every runtime of the last years, new enough for all that the networks do."""

_IR_VERSION = 8
"""The file format that came with this opset."""


def onnx_model(network: AutoShotNetwork) -> ModelProto:
    """The graph of a network, without metadata; the same network gives the same model."""
    onnx = OnnxGraph()
    body: Any = fused_copy(network).cpu().body
    sides = onnx.add("Shape", "images", start=1, end=3)
    padded = _padded(onnx, sides, body.multiple_px)
    logits = translate(body, _preprocessed(onnx, padded), onnx)
    _cropped(onnx, logits, sides, output="logits")
    return _model(onnx, network.n_parts, ("height", "width"))


def encoder_onnx_model(network: EncoderNetwork, size: tuple[int, int]) -> ModelProto:
    """The graph of a network with an encoder inside, for photos of one height and width, without metadata.

    Raises:
        BadOption: there is no export of its encoder or segmenter, or the encoder reads no such photos.
    """
    onnx = OnnxGraph()
    copied = copy.deepcopy(network).cpu().eval().requires_grad_(False)
    body = SizedEncoder(copied.encoder, copied.segmenter, *size, copied.said_px(*size))
    images = _preprocessed(onnx, "images")
    logits = translate(body, images, onnx, "encoder.")
    if copied.fast is None:
        onnx.add("Identity", logits, output="logits")
    else:
        by_fast = _by_fast(onnx, copied.fast, images, copied.fast_size(*size), size)
        shares = ((logits, 1 - copied.share), (by_fast, copied.share))
        terms = (
            onnx.add("Mul", onnx.add("LogSoftmax", one, axis=1), onnx.constant(np.float32(share)))
            for one, share in shares
        )
        onnx.add("Add", *terms, output="logits")
    return _model(onnx, network.part_set.n_parts, size)


def _by_fast(
    onnx: OnnxGraph, fast: AutoShotNetwork, images: str, small: tuple[int, int], size: tuple[int, int]
) -> str:
    """Logits of the auto-shot network, which sees the photos ``[b, 3, *size]`` at the size ``small``."""
    body: Any = fused_copy(fast).body
    rows, columns = (_shrinking(old, new) for old, new in zip(size, small, strict=True))
    shrunk = onnx.add("MatMul", onnx.constant(rows), images)
    shrunk = onnx.add("MatMul", shrunk, onnx.constant(np.ascontiguousarray(columns.T)))
    missing = [-side % body.multiple_px for side in small]
    pads = onnx.constant(np.array([0] * 6 + missing, np.int64))
    logits = translate(body, onnx.add("Pad", shrunk, pads, mode="edge"), onnx, "fast.")
    return resized(onnx, _cropped(onnx, logits, onnx.constant(np.array(small, np.int64))), size)


def _cropped(onnx: OnnxGraph, maps: str, sides: str, output: str | None = None) -> str:
    """The first rows and columns of ``[b, c, h, w]``."""
    start, axes = onnx.constant(np.zeros(2, np.int64)), onnx.constant(np.array([2, 3], np.int64))
    return onnx.add("Slice", maps, start, sides, axes, output=output)


def _shrinking(old: int, new: int) -> NDArray[np.float32]:
    """Antialiased bilinear resizing of a side as the matrix that it is, ``[new, old]``.

    ONNX has it too, but not all programs that run ONNX.
    """
    shrunk = F.interpolate(torch.eye(old)[None, None], (new, old), mode="bilinear", antialias=True)
    matrix: NDArray[np.float32] = shrunk[0, 0].numpy()
    return matrix


def _padded(onnx: OnnxGraph, sides: str, multiple_px: int) -> str:
    """As ``pad_to_multiple``, of bytes ``[b, h, w, 3]``: -h % multiple rows, and so many columns."""
    missing = onnx.add("Mod", onnx.add("Neg", sides), onnx.constant(np.int64(multiple_px)))
    none_before = onnx.constant(np.zeros(5, np.int64))
    pads = onnx.add("Concat", none_before, missing, onnx.constant(np.zeros(1, np.int64)), axis=0)
    return onnx.add("Pad", "images", pads, mode="edge")


def _preprocessed(onnx: OnnxGraph, images: str) -> str:
    """Bytes ``[b, h, w, 3]`` as float32 ``[b, 3, h, w]`` in [-1, 1]."""
    from onnx import TensorProto

    planes = onnx.add("Transpose", images, perm=[0, 3, 1, 2])
    levels = onnx.add("Cast", planes, to=TensorProto.FLOAT)
    upto_two = onnx.add("Div", levels, onnx.constant(np.float32(127.5)))
    return onnx.add("Sub", upto_two, onnx.constant(np.float32(1)))


def _model(onnx: OnnxGraph, n_parts: int, size: tuple[int, int] | tuple[str, str]) -> ModelProto:
    """The model, with the part of the largest logit."""
    from onnx import TensorProto
    from onnx.helper import make_graph, make_model, make_opsetid, make_tensor_value_info

    parts = onnx.add("ArgMax", "logits", axis=1, keepdims=0)
    onnx.add("Cast", parts, to=TensorProto.UINT8, output="label_map")
    batch, (height, width) = "batch", size
    images = make_tensor_value_info("images", TensorProto.UINT8, [batch, height, width, 3])
    outputs = [
        make_tensor_value_info("logits", TensorProto.FLOAT, [batch, n_parts, height, width]),
        make_tensor_value_info("label_map", TensorProto.UINT8, [batch, height, width]),
    ]
    return make_model(
        make_graph(onnx.nodes, "partly", [images], outputs, onnx.weights),
        opset_imports=[make_opsetid("", OPSET)],
        ir_version=_IR_VERSION,
        producer_name="partly",
        producer_version=version("partly"),
    )
