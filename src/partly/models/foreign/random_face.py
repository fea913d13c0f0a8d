"""Imports the MobileStyleGAN of faces (FFHQ, 1024 px) from the IR files of the package ``random-face``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from partly.errors import BadModelFile
from partly.models.foreign.openvino_ir import Graph, Node, read_ir
from partly.models.generators.latent_sampling import mean_of_w
from partly.models.generators.mobile_stylegan import MobileStyleGAN, MobileStyleGANShape


def import_random_face(folder: Path, shape: MobileStyleGANShape | None = None) -> MobileStyleGAN:
    """The generator in ``MappingNetwork.{xml,bin}`` and ``SynthesisNetwork.{xml,bin}`` of a folder.

    Args:
        folder: where the four files are.
        shape: what they must hold; the 1024 px network of that package by default.

    Raises:
        BadModelFile: the graphs are not those of that package.
    """
    generator = MobileStyleGAN(shape or MobileStyleGANShape())
    tensors = _mapping_tensors(read_ir(folder / "MappingNetwork.xml", folder / "MappingNetwork.bin"))
    tensors |= _synthesis_tensors(
        read_ir(folder / "SynthesisNetwork.xml", folder / "SynthesisNetwork.bin"), len(generator.blocks)
    )
    tensors["w_mean"] = torch.zeros(generator.w_dim)
    try:
        generator.load_state_dict(tensors)
    except RuntimeError as error:
        raise BadModelFile(f"the graphs do not fit ({error})", path=folder) from error
    generator.eval().requires_grad_(False)
    generator.w_mean.copy_(mean_of_w(generator))
    return generator


def _mapping_tensors(graph: Graph) -> dict[str, Tensor]:
    tensors = {}
    for i, product in enumerate(graph.of_type("MatMul")):
        tensors[f"mapping.layers.{i}.weight"] = _tensor(graph.constant_of(product))
        # The bias reaches the sum through a reshape to a row.
        added = graph.consumer(product, "Add")
        reshaped = next(graph.nodes[j] for j in added.inputs if graph.nodes[j].type == "Reshape")
        tensors[f"mapping.layers.{i}.bias"] = _tensor(graph.constants[reshaped.inputs[0]])
    return tensors


def _synthesis_tensors(graph: Graph, n_blocks: int) -> dict[str, Tensor]:
    tensors = {"constant": _tensor(graph.constants[graph.named("m.input.input").id])}
    tensors |= _first_convolution(graph)
    for i in range(n_blocks):
        up = _modulation(graph, f"m.layers.{i}.up.modulation", scaled=False)
        tensors |= {f"blocks.{i}.up_modulation.{k}": v for k, v in up.items()}
        for k in (1, 2):
            convolution = _styled_convolution(graph, f"m.layers.{i}.conv{k}")
            tensors |= {f"blocks.{i}.conv{k}.{name}": v for name, v in convolution.items()}
    head = f"m.layers.{n_blocks - 1}.to_img"
    modulation = _modulation(graph, f"{head}.conv.modulation", scaled=True)
    tensors |= {f"head.modulation.{k}": v for k, v in modulation.items()}
    tensors["head.weight"] = _named(graph, f"{head}.conv.weight")
    tensors["head.bias"] = _named(graph, f"{head}.bias").flatten()
    return tensors


def _first_convolution(graph: Graph) -> dict[str, Tensor]:
    bias_node = graph.named("m.conv1.bias")
    noisy = _other_input(graph, graph.consumer(bias_node, "Add"), bias_node)
    convolution = next(graph.nodes[j] for j in noisy.inputs if graph.nodes[j].type == "Convolution")
    modulation = _modulation(graph, "m.conv1.conv.modulation", scaled=True)
    return {
        **{f"conv1.modulation.{k}": v for k, v in modulation.items()},
        "conv1.weight": _tensor(graph.constant_of(convolution)),
        "conv1.noise": _tensor(graph.constant_of(noisy)),
        "conv1.bias": _named(graph, "m.conv1.bias").flatten(),
    }


def _styled_convolution(graph: Graph, name: str) -> dict[str, Tensor]:
    depthwise = graph.named(f"{name}.conv.weight_dw")
    pointwise = graph.consumer(graph.consumer(depthwise, "GroupConvolution"), "Convolution")
    noisy = graph.consumer(pointwise, "Add")
    modulation = _modulation(graph, f"{name}.conv.modulation", scaled=True)
    return {
        **{f"modulation.{k}": v for k, v in modulation.items()},
        "depthwise": _named(graph, depthwise.name).flatten(1, 2),
        "pointwise": _tensor(graph.constant_of(pointwise)),
        "noise": _tensor(graph.constant_of(noisy)),
        "bias": _named(graph, f"{name}.bias").flatten(),
    }


def _modulation(graph: Graph, name: str, *, scaled: bool) -> dict[str, Tensor]:
    """Weight and bias of a modulation, with the constant scale of the convolution's weights folded in."""
    scale = 1.0
    if scaled:
        added = graph.consumer(graph.named(f"{name}.bias"), "Add")
        product = graph.consumer(graph.consumer(added, "Reshape"), "Multiply")
        scale = float(graph.constant_of(product).item())
    weight, bias = _named(graph, f"{name}.weight"), _named(graph, f"{name}.bias")
    return {"weight": weight * scale, "bias": bias.flatten() * scale}


def _named(graph: Graph, name: str) -> Tensor:
    return _tensor(graph.constants[graph.named(name).id])


def _other_input(graph: Graph, node: Node, known: Node) -> Node:
    return next(graph.nodes[j] for j in node.inputs if j != known.id)


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(values, dtype=np.float32))
