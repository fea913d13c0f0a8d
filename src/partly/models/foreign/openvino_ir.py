"""Reads OpenVINO IR: an XML graph beside a file of raw constants. Reads only; nothing of it is run.

The format: https://docs.openvino.ai, "OpenVINO IR format". Only what weights need is understood: layers,
edges and constants.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from partly.errors import BadModelFile

_DTYPES = {"f32": np.float32, "f16": np.float16, "i64": np.int64, "i32": np.int32}


@dataclass(frozen=True)
class Node:
    """One layer of the graph: its name, its type and the ids of the layers that feed it, by input port."""

    id: str
    name: str
    type: str
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """A graph with its constants.

    Attributes:
        nodes: all layers by id, in the file's order, which is an order of execution.
        constants: the arrays of the layers of type Const, by id.
    """

    nodes: dict[str, Node]
    constants: dict[str, np.ndarray]

    def named(self, name: str) -> Node:
        """The only node of that name.

        Raises:
            BadModelFile: there is none, or more than one.
        """
        found = [node for node in self.nodes.values() if node.name == name]
        if len(found) != 1:
            raise BadModelFile(f"the graph has {len(found)} layers named {name!r}", expected="one")
        return found[0]

    def consumer(self, node: Node, kind: str) -> Node:
        """The only node of type ``kind`` that reads ``node``.

        Raises:
            BadModelFile: there is none, or more than one.
        """
        found = [other for other in self.of_type(kind) if node.id in other.inputs]
        if len(found) != 1:
            raise BadModelFile(f"{len(found)} layers of type {kind} read {node.name!r}", expected="one")
        return found[0]

    def constant_of(self, node: Node) -> np.ndarray:
        """The only constant among the inputs of ``node``.

        Raises:
            BadModelFile: there is none, or more than one.
        """
        found = [self.constants[i] for i in node.inputs if i in self.constants]
        if len(found) != 1:
            raise BadModelFile(f"{len(found)} inputs of {node.name!r} are constants", expected="one")
        return found[0]

    def of_type(self, kind: str) -> list[Node]:
        """All nodes of a type, in order of execution."""
        return [node for node in self.nodes.values() if node.type == kind]


def read_ir(xml_path: Path, weights_path: Path) -> Graph:
    """Read a graph and its constants.

    Raises:
        BadModelFile: no such XML, document types (which could expand without end), constants outside the
            file of weights or of an unknown type.
    """
    text = xml_path.read_bytes()
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise BadModelFile("declares a document type", expected="plain XML", path=xml_path)
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise BadModelFile(f"is no XML ({error})", path=xml_path) from error
    layers, edges = root.find("layers"), root.find("edges")
    if layers is None or edges is None:
        raise BadModelFile("has no layers and edges", expected="an OpenVINO IR graph", path=xml_path)
    sources = {(e.get("to-layer"), e.get("to-port")): e.get("from-layer", "") for e in edges}
    weights = np.memmap(weights_path, dtype=np.uint8, mode="r")
    nodes, constants = {}, {}
    for layer in layers:
        node_id = layer.get("id", "")
        ports = [port.get("id") for port in layer.findall("input/port")]
        inputs = tuple(sources[node_id, port] for port in ports if (node_id, port) in sources)
        nodes[node_id] = Node(node_id, layer.get("name", ""), layer.get("type", ""), inputs)
        if nodes[node_id].type == "Const":
            constants[node_id] = _constant(layer, weights, weights_path)
    return Graph(nodes, constants)


def _constant(layer: ElementTree.Element, weights: np.ndarray, path: Path) -> np.ndarray:
    data = layer.find("data")
    values = {} if data is None else data.attrib
    try:
        dtype = _DTYPES[values["element_type"]]
        shape = tuple(int(n) for n in values["shape"].split(",") if n.strip())
        offset, size = int(values["offset"]), int(values["size"])
    except (KeyError, ValueError) as error:
        raise BadModelFile(
            f"constant {layer.get('name')!r} is not understood ({error})", path=path
        ) from error
    expected = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if size != expected or offset < 0 or offset + size > len(weights):
        raise BadModelFile(
            f"constant {layer.get('name')!r} needs {size} bytes at {offset}",
            expected=f"{expected} bytes within {len(weights)}",
            remedy="The file is truncated or changed: fetch it again",
            path=path,
        )
    return weights[offset : offset + size].view(dtype).reshape(shape)
