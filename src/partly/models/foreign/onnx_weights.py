"""Reads the constants of an ONNX file, and which nodes take them. Nothing of it is run.

The format: https://onnx.ai/onnx/repo-docs/IR.html, in the wire format of Protocol Buffers
(https://protobuf.dev/programming-guides/encoding). Only what weights need is understood: the nodes' names,
types, inputs and outputs, and constants of float32 that are kept as raw bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

import numpy as np

from partly.errors import BadModelFile

Field = tuple[int, int | memoryview]
"""A field's number, and its value: a number, or its bytes."""

_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5
_FLOAT32 = 1
# Numbers of the fields of ModelProto, GraphProto, NodeProto and TensorProto.
_GRAPH = 7
_NODE, _INITIALIZER = 1, 5
_INPUT, _OUTPUT, _NODE_NAME, _OP_TYPE = 1, 2, 3, 4
_DIMS, _DATA_TYPE, _TENSOR_NAME, _RAW_DATA = 1, 2, 8, 9


@dataclass(frozen=True)
class OnnxNode:
    """One node: its name, its type, and the names of what goes in and comes out."""

    name: str
    type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class OnnxGraph:
    """A graph with its constants.

    Attributes:
        nodes: all nodes, in the file's order.
        constants: arrays float32 by name.
    """

    nodes: tuple[OnnxNode, ...]
    constants: dict[str, np.ndarray] = field(default_factory=dict)

    def taken_by(self, node: OnnxNode) -> dict[str, np.ndarray]:
        """The constants among the inputs of a node, by name."""
        return {name: self.constants[name] for name in node.inputs if name in self.constants}


def read_onnx(path: Path) -> OnnxGraph:
    """Read a file.

    Raises:
        BadModelFile: it is no ONNX file, is cut off, or has no graph with constants of float32.
    """
    data = memoryview(path.read_bytes())
    try:
        graph = _read_graph(data)
    except (IndexError, ValueError, struct.error) as error:
        raise BadModelFile(
            f"cannot be read as ONNX ({error})",
            expected="a whole ONNX file",
            remedy="It may be cut off: download it again",
            path=path,
        ) from error
    if not graph.constants:
        raise BadModelFile("has no graph with constants", expected="an ONNX file with weights", path=path)
    return graph


def _read_graph(data: memoryview) -> OnnxGraph:
    nodes: list[OnnxNode] = []
    constants: dict[str, np.ndarray] = {}
    for number, value in _fields(data):
        if number != _GRAPH:
            continue
        for part, content in _fields(_bytes(value)):
            if part == _NODE:
                nodes.append(_node(_bytes(content)))
            elif part == _INITIALIZER:
                constants |= _constant(_bytes(content))
    return OnnxGraph(tuple(nodes), constants)


def _node(data: memoryview) -> OnnxNode:
    texts: dict[int, list[str]] = {_INPUT: [], _OUTPUT: [], _NODE_NAME: [], _OP_TYPE: []}
    for number, value in _fields(data):
        if number in texts:
            texts[number].append(_text(value))
    name, kind = "".join(texts[_NODE_NAME]), "".join(texts[_OP_TYPE])
    return OnnxNode(name, kind, tuple(texts[_INPUT]), tuple(texts[_OUTPUT]))


def _constant(data: memoryview) -> dict[str, np.ndarray]:
    """The constant by its name; nothing if it is not of float32 in raw bytes."""
    name, data_type, raw = "", 0, None
    dims: list[int] = []
    for number, value in _fields(data):
        if number == _DIMS:
            # Packed where the writer followed proto3.
            dims += [value] if isinstance(value, int) else list(_packed(value))
        elif number == _DATA_TYPE:
            data_type = _number(value)
        elif number == _TENSOR_NAME:
            name = _text(value)
        elif number == _RAW_DATA:
            raw = _bytes(value)
    if data_type != _FLOAT32 or raw is None:
        return {}
    if len(raw) != 4 * prod(dims):
        raise ValueError(f"{name} has {len(raw)} bytes for the shape {dims}")
    return {name: np.frombuffer(raw, "<f4").reshape(dims)}


def _fields(data: memoryview) -> Iterator[Field]:
    """The fields of a message, in order."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == _BYTES:
            length, at = _varint(data, at)
        elif wire in (_EIGHT_BYTES, _FOUR_BYTES):
            length = 8 if wire == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"field {number} has the wire type {wire}")
        if at + length > len(data):
            raise ValueError(f"field {number} ends beyond the end of the file")
        yield number, data[at : at + length]
        at += length


def _packed(data: memoryview) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        yield value


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number is longer than 64 bits")


def _bytes(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number stands where bytes should")
    return value


def _number(value: int | memoryview) -> int:
    if not isinstance(value, int):
        raise ValueError("bytes stand where a number should")
    return value


def _text(value: int | memoryview) -> str:
    return str(_bytes(value), "utf-8")
