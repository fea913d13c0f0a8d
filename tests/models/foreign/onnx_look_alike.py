"""ONNX files as torch's exporter writes them of a DINOv2 in Hugging Face's layout, with random weights.

What is not copied keeps its name; matrices are transposed under names that say nothing, and positions are
taken apart.
"""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from onnx import helper, numpy_helper

from partly.models.encoders.dinov2_encoder import DinoV2


def hugging_face_tensors(network: DinoV2, prefix: str = "") -> dict[str, torch.Tensor]:
    """The network's weights as Hugging Face names them, with the mask token that it has besides."""
    own = network.state_dict()
    width = network.shape.width
    named = {
        "embeddings.cls_token": own["cls_token"],
        "embeddings.mask_token": torch.zeros(1, width),
        "embeddings.position_embeddings": own["pos_embed"],
        "layernorm.weight": own["norm.weight"],
        "layernorm.bias": own["norm.bias"],
    }
    if network.shape.n_registers:
        named["embeddings.register_tokens"] = own["register_tokens"]
    for kind in ("weight", "bias"):
        named[f"embeddings.patch_embeddings.projection.{kind}"] = own[f"patch_embed.proj.{kind}"]
        for i in range(network.shape.depth):
            theirs, ours = f"encoder.layer.{i}", f"blocks.{i}"
            for part, tensor in zip(
                ("query", "key", "value"), own[f"{ours}.attn.qkv.{kind}"].chunk(3), strict=True
            ):
                named[f"{theirs}.attention.attention.{part}.{kind}"] = tensor
            named[f"{theirs}.attention.output.dense.{kind}"] = own[f"{ours}.attn.proj.{kind}"]
            for layer in ("norm1", "norm2", "mlp.fc1", "mlp.fc2"):
                named[f"{theirs}.{layer}.{kind}"] = own[f"{ours}.{layer}.{kind}"]
            for k in (1, 2):
                named[f"{theirs}.layer_scale{k}.lambda1"] = own[f"{ours}.ls{k}.gamma"]
    return {prefix + name: tensor.clone() for name, tensor in named.items()}


def write_onnx(network: DinoV2, path: Path) -> None:
    """The file; its nodes have the names and constants that matter, and no more."""
    constants, nodes = {}, []

    def node(kind: str, name: str, constant: str) -> None:
        nodes.append(helper.make_node(kind, ["x", constant], [f"{name}_output_0"], name=name))

    for number, (name, tensor) in enumerate(hugging_face_tensors(network).items()):
        layer, _, kind = name.rpartition(".")
        if name == "embeddings.mask_token":
            continue
        if name == "embeddings.position_embeddings":
            constants |= {"onnx::Concat_1": tensor[:, :1], "onnx::Reshape_2": tensor[:, 1:]}
            node("Concat", "/backbone/embeddings/Concat_6", "onnx::Concat_1")
            node("Reshape", "/backbone/embeddings/Reshape_1", "onnx::Reshape_2")
        elif kind == "weight" and name.startswith("encoder") and tensor.ndim == 2:
            place = layer.replace(".", "/").replace("encoder/layer/", "encoder/layer.")
            constants[f"onnx::MatMul_{number}"] = tensor.T
            node("MatMul", f"/backbone/{place}/MatMul", f"onnx::MatMul_{number}")
        else:
            constants[f"backbone.{name}"] = tensor
            node("Add", f"/backbone/{layer}/Add", f"backbone.{name}")
    constants["decoder.final_conv.bias"] = torch.ones(1)
    constants["onnx::Unsqueeze_9"] = torch.tensor([1, 2])
    node("MatMul", "/decoder/MatMul", "onnx::MatMul_0")
    graph = helper.make_graph(
        nodes,
        "main_graph",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])],
        [numpy_helper.from_array(t.contiguous().numpy(), name) for name, t in constants.items()],
    )
    path.write_bytes(helper.make_model(graph).SerializeToString())
