"""An auto-shot network as an ONNX model in memory: bytes in, logits and label map out."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from partly.inference.export.onnx_graph import OnnxGraph
from partly.inference.export.onnx_translation import translate
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
    _outputs(onnx, logits, sides)
    return _model(onnx, network.n_parts)


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


def _outputs(onnx: OnnxGraph, logits: str, sides: str) -> None:
    """Logits without the padding, and the part of the largest."""
    from onnx import TensorProto

    start, axes = onnx.constant(np.zeros(2, np.int64)), onnx.constant(np.array([2, 3], np.int64))
    onnx.add("Slice", logits, start, sides, axes, output="logits")
    parts = onnx.add("ArgMax", "logits", axis=1, keepdims=0)
    onnx.add("Cast", parts, to=TensorProto.UINT8, output="label_map")


def _model(onnx: OnnxGraph, n_parts: int) -> ModelProto:
    from onnx import TensorProto
    from onnx.helper import make_graph, make_model, make_opsetid, make_tensor_value_info

    batch, height, width = "batch", "height", "width"
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
