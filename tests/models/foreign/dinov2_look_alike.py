"""Files of DINOv2 with random weights, as its authors and Hugging Face write them, and exported to ONNX.

Names and shapes are those that both publish:
https://github.com/facebookresearch/dinov2/blob/main/dinov2/models/vision_transformer.py
https://github.com/huggingface/transformers/blob/main/src/transformers/models/dinov2/modeling_dinov2.py
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnx
import torch
from onnx import helper, numpy_helper


def authors_tensors(
    width: int = 128, depth: int = 4, n_registers: int = 0, grid: int = 3
) -> dict[str, torch.Tensor]:
    """A state dict with the names, shapes and order of the authors' files; heads have 64 channels."""
    shapes: dict[str, tuple[int, ...]] = {
        "cls_token": (1, 1, width),
        "pos_embed": (1, 1 + grid * grid, width),
        **({"register_tokens": (1, n_registers, width)} if n_registers else {}),
        "mask_token": (1, width),
        "patch_embed.proj.weight": (width, 3, 14, 14),
        "patch_embed.proj.bias": (width,),
    }
    for i in range(depth):
        layers: dict[str, tuple[int, ...]] = {
            "norm1.weight": (width,),
            "norm1.bias": (width,),
            "attn.qkv.weight": (3 * width, width),
            "attn.qkv.bias": (3 * width,),
            "attn.proj.weight": (width, width),
            "attn.proj.bias": (width,),
            "ls1.gamma": (width,),
            "norm2.weight": (width,),
            "norm2.bias": (width,),
            "mlp.fc1.weight": (4 * width, width),
            "mlp.fc1.bias": (4 * width,),
            "mlp.fc2.weight": (width, 4 * width),
            "mlp.fc2.bias": (width,),
            "ls2.gamma": (width,),
        }
        shapes |= {f"blocks.{i}.{name}": shape for name, shape in layers.items()}
    shapes |= {"norm.weight": (width,), "norm.bias": (width,)}
    draws = torch.Generator().manual_seed(0)
    return {name: 0.1 * torch.randn(shape, generator=draws) for name, shape in shapes.items()}


def hugging_face_tensors(own: Mapping[str, torch.Tensor], prefix: str = "") -> dict[str, torch.Tensor]:
    """Tensors that the authors named as Hugging Face names them; queries, keys and values apart."""
    width = own["cls_token"].shape[2]
    depth = 1 + max(int(name.split(".")[1]) for name in own if name.startswith("blocks."))
    named = {
        "embeddings.cls_token": own["cls_token"],
        "embeddings.mask_token": torch.zeros(1, width),
        "embeddings.position_embeddings": own["pos_embed"],
        "layernorm.weight": own["norm.weight"],
        "layernorm.bias": own["norm.bias"],
    }
    if own.get("register_tokens", named["layernorm.bias"]).ndim == 3:
        named["embeddings.register_tokens"] = own["register_tokens"]
    for kind in ("weight", "bias"):
        named[f"embeddings.patch_embeddings.projection.{kind}"] = own[f"patch_embed.proj.{kind}"]
        for i in range(depth):
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


def write_onnx(own: Mapping[str, torch.Tensor], path: Path) -> None:
    """What torch's exporter makes of Hugging Face's, without what does not matter.

    What is not copied keeps its name; matrices are transposed under names that say nothing, and positions are
    taken apart.
    """
    constants, nodes = {}, []

    def node(kind: str, name: str, constant: str) -> None:
        nodes.append(helper.make_node(kind, ["x", constant], [f"{name}_output_0"], name=name))

    for number, (name, tensor) in enumerate(hugging_face_tensors(own).items()):
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
