"""An ONNX graph that grows node by node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto


class OnnxGraph:
    """Nodes and weights, in the order in which they were added. Values go by their names.

    Attributes:
        nodes: the operations.
        weights: the tensors that they use, each once.
    """

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def add(self, operation: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Add a node with one output; returns the output's name.

        Args:
            operation: by its name in ONNX.
            inputs: names of values; empty for one that is left out.
            output: how to call it; a number by default.
            attributes: of the operation.
        """
        from onnx.helper import make_node

        name = output or f"v{len(self.nodes)}"
        self.nodes.append(make_node(operation, inputs, [name], **attributes))
        return name

    def weight(self, name: str, values: npt.NDArray[Any]) -> str:
        """Add a tensor; returns its name."""
        from onnx.numpy_helper import from_array

        self.weights.append(from_array(np.ascontiguousarray(values), name))
        return name

    def shared_weight(self, name: str, values: npt.NDArray[Any]) -> str:
        """As :meth:`weight`, of a layer that may be called several times."""
        return name if any(weight.name == name for weight in self.weights) else self.weight(name, values)

    def constant(self, values: npt.NDArray[Any] | np.generic) -> str:
        """The name of a small tensor, which is added if no other constant is the same."""
        array = np.asarray(values)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = self.weight(f"c{len(self._constants)}", array)
        return self._constants[key]
