"""Writes OpenVINO IR files with the graphs of ``random-face`` for any generator: what the import undoes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from partly.models.generators.mobile_stylegan import MobileStyleGAN

SCALE = 0.25


@dataclass
class GraphWriter:
    """Collects layers, edges and raw constants."""

    layers: list[str] = field(default_factory=list)
    edges: list[str] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)

    def constant(self, name: str, values: np.ndarray) -> int:
        data = np.ascontiguousarray(values, dtype=np.float32).tobytes()
        shape = ",".join(map(str, values.shape))
        body = f'<data element_type="f32" shape="{shape}" offset="{len(self.raw)}" size="{len(data)}"/>'
        self.raw += data
        return self._layer("Const", name, body)

    def node(self, kind: str, name: str, *inputs: int) -> int:
        ports = "".join(f'<port id="{i}"/>' for i in range(len(inputs)))
        made = self._layer(kind, name, f"<input>{ports}</input>")
        for port, source in enumerate(inputs):
            self.edges.append(
                f'<edge from-layer="{source}" from-port="0" to-layer="{made}" to-port="{port}"/>'
            )
        return made

    def write(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        xml = f"<net><layers>{''.join(self.layers)}</layers><edges>{''.join(self.edges)}</edges></net>"
        (folder / f"{name}.xml").write_text(xml)
        (folder / f"{name}.bin").write_bytes(self.raw)

    def _layer(self, kind: str, name: str, body: str) -> int:
        self.layers.append(f'<layer id="{len(self.layers)}" name="{name}" type="{kind}">{body}</layer>')
        return len(self.layers) - 1


def write_random_face(folder: Path, generator: MobileStyleGAN) -> None:
    """Both graphs; scales of the convolutions stand apart from the modulation, as in the original."""
    weights = {name: tensor.numpy() for name, tensor in generator.state_dict().items()}
    mapping = GraphWriter()
    x = mapping.node("Parameter", "var")
    for i in range(len(generator.mapping.layers)):
        matrix = mapping.constant(f"{100 + i}", weights[f"mapping.layers.{i}.weight"])
        product = mapping.node("MatMul", f"MatMul_{i}", x, matrix)
        shape = mapping.node("ShapeOf", f"Shape_{i}", product)
        bias = mapping.constant(f"{200 + i}", weights[f"mapping.layers.{i}.bias"])
        x = mapping.node("Add", f"Add_{i}", product, mapping.node("Reshape", f"Reshape_{i}", bias, shape))
    mapping.write(folder, "MappingNetwork")
    _synthesis(generator, weights).write(folder, "SynthesisNetwork")


def _synthesis(generator: MobileStyleGAN, weights: dict[str, np.ndarray]) -> GraphWriter:
    graph = GraphWriter()
    style = graph.node("Parameter", "style")
    x = graph.constant("m.input.input", weights["constant"])
    modulation = _modulation(graph, style, "m.conv1.conv.modulation", weights, "conv1.modulation")
    x = graph.node("Multiply", "modulated", modulation, x)
    x = graph.node("Convolution", "Conv_first", x, graph.constant("unnamed", weights["conv1.weight"]))
    x = graph.node("Add", "noisy", x, graph.constant("noise", weights["conv1.noise"]))
    bias = graph.constant("m.conv1.bias", weights["conv1.bias"].reshape(1, -1, 1, 1))
    x = graph.node("Add", "biased", x, bias)
    for i in range(len(generator.blocks)):
        up = f"m.layers.{i}.up.modulation"
        matrix = graph.constant(f"{up}.weight", weights[f"blocks.{i}.up_modulation.weight"])
        offset = graph.constant(f"{up}.bias", weights[f"blocks.{i}.up_modulation.bias"][None])
        graph.node("Add", f"{up}.sum", graph.node("MatMul", f"{up}.product", style, matrix), offset)
        for k in (1, 2):
            x = _styled(graph, style, x, f"m.layers.{i}.conv{k}", weights, f"blocks.{i}.conv{k}")
    head = f"m.layers.{len(generator.blocks) - 1}.to_img"
    _modulation(graph, style, f"{head}.conv.modulation", weights, "head.modulation")
    graph.constant(f"{head}.conv.weight", weights["head.weight"])
    graph.constant(f"{head}.bias", weights["head.bias"].reshape(1, -1, 1, 1))
    return graph


def _styled(
    graph: GraphWriter, style: int, x: int, theirs: str, weights: dict[str, np.ndarray], ours: str
) -> int:
    modulation = _modulation(graph, style, f"{theirs}.conv.modulation", weights, f"{ours}.modulation")
    x = graph.node("Multiply", f"{theirs}.modulated", modulation, x)
    depthwise = graph.constant(f"{theirs}.conv.weight_dw", weights[f"{ours}.depthwise"][:, None])
    x = graph.node("GroupConvolution", f"{theirs}.depthwise", x, depthwise)
    pointwise = graph.constant(f"{theirs}.folded", weights[f"{ours}.pointwise"])
    x = graph.node("Convolution", f"{theirs}.pointwise", x, pointwise)
    x = graph.node("Add", f"{theirs}.noisy", x, graph.constant(f"{theirs}.noise", weights[f"{ours}.noise"]))
    bias = graph.constant(f"{theirs}.bias", weights[f"{ours}.bias"].reshape(1, -1, 1, 1))
    return graph.node("Add", f"{theirs}.biased", x, bias)


def _modulation(
    graph: GraphWriter, style: int, theirs: str, weights: dict[str, np.ndarray], ours: str
) -> int:
    matrix = graph.constant(f"{theirs}.weight", weights[f"{ours}.weight"] / SCALE)
    offset = graph.constant(f"{theirs}.bias", weights[f"{ours}.bias"][None] / SCALE)
    added = graph.node(
        "Add", f"{theirs}.sum", graph.node("MatMul", f"{theirs}.product", style, matrix), offset
    )
    shape = graph.node("ShapeOf", f"{theirs}.shape", style)
    reshaped = graph.node("Reshape", f"{theirs}.reshaped", added, shape)
    scale = graph.constant(f"{theirs}.scale", np.full((1, 1, 1, 1), SCALE))
    return graph.node("Multiply", f"{theirs}.scaled", reshaped, scale)
