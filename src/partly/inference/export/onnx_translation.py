"""An architecture's layers and operations as nodes of ONNX.

The architecture runs once, by :mod:`torch.fx`, on the names of values in place of tensors. So its own
``forward`` says what comes after what, and a new one needs an entry here only for what no other does.
"""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import fx, nn

from partly.inference.export.onnx_graph import OnnxGraph
from partly.models.networks import pad_to_multiple, upsample_like


def translate(body: nn.Module, images: str, onnx: OnnxGraph) -> str:
    """Add the nodes of an architecture, in eval mode and with norms folded; returns the name of its logits.

    Args:
        body: images float32 ``[b, 3, h, w]`` to logits ``[b, k, h, w]``.
        images: a value's name; sides must be multiples already, since padding and cropping are left out.
        onnx: where the nodes go.

    Raises:
        TypeError: there is no translation of a layer or operation.
    """
    tracer = fx.Tracer(autowrap_functions=(pad_to_multiple, upsample_like))
    return str(_Translator(fx.GraphModule(body, tracer.trace(body)), onnx).run(images))


class _Translator(fx.Interpreter):
    """Runs a traced module: each layer and function gets names of values, and gives one."""

    def __init__(self, traced: fx.GraphModule, onnx: OnnxGraph) -> None:
        super().__init__(traced)
        self.extra_traceback = False  # takes seconds to tell what nobody needs
        self.onnx = onnx

    def call_module(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        layer = self.fetch_attr(target)
        return _found(_LAYERS, type(layer))(self.onnx, target, layer, *args, **kwargs)

    def call_function(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return _found(_FUNCTIONS, target)(self.onnx, *args, **kwargs)


def _found(translations: Mapping[Any, Callable[..., Any]], what: Any) -> Callable[..., Any]:
    if what not in translations:
        raise TypeError(f"no translation to ONNX of {getattr(what, '__name__', what)}: add it in {__name__}")
    return translations[what]


def _convolution(onnx: OnnxGraph, name: str, layer: nn.Conv2d, maps: str) -> str:
    if layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        raise TypeError(
            f"no translation to ONNX of the padding of {name}: {layer.padding_mode}, {layer.padding}"
        )
    tensors = {"weight": layer.weight} | ({} if layer.bias is None else {"bias": layer.bias})
    return onnx.add(
        "Conv",
        maps,
        *(onnx.weight(f"{name}.{part}", tensor.detach().numpy()) for part, tensor in tensors.items()),
        kernel_shape=layer.kernel_size,
        strides=layer.stride,
        pads=layer.padding * 2,
        dilations=layer.dilation,
        group=layer.groups,
    )


def _relu(onnx: OnnxGraph, _name: str, _layer: nn.ReLU, maps: str) -> str:
    return onnx.add("Relu", maps)


def _relu6(onnx: OnnxGraph, _name: str, _layer: nn.ReLU6, maps: str) -> str:
    return onnx.add("Clip", maps, *(onnx.constant(np.float32(bound)) for bound in (0, 6)))


def _nothing(_onnx: OnnxGraph, _name: str, _layer: nn.Identity, maps: str) -> str:
    return maps


def _leave_out(_onnx: OnnxGraph, value: Any, *_about: Any) -> Any:
    """Padding to a multiple, cropping back, and asking for sizes in order to do so."""
    return value


def _upsample_like(onnx: OnnxGraph, maps: str, reference: str) -> str:
    kept, sides = onnx.add("Shape", maps, end=2), onnx.add("Shape", reference, start=2)
    sizes = onnx.add("Concat", kept, sides, axis=0)
    return onnx.add("Resize", maps, "", "", sizes, mode="linear", coordinate_transformation_mode="half_pixel")


def _pad(
    onnx: OnnxGraph, maps: str, padding_px: Sequence[int], mode: str = "constant", value: Any = None
) -> str:
    if mode != "constant" or value or len(padding_px) != 4:
        raise TypeError(f"no translation to ONNX of padding by {mode} {value}, {padding_px}")
    left, right, top, bottom = padding_px
    return onnx.add("Pad", maps, onnx.constant(np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)))


def _max_pool(
    onnx: OnnxGraph,
    maps: str,
    kernel_px: int,
    stride: int | None = None,
    padding: int = 0,
    dilation: int = 1,
    **other: bool,
) -> str:
    if stride not in (None, kernel_px) or padding or dilation != 1 or any(other.values()):
        raise TypeError("no translation to ONNX of max_pool2d but with its own defaults")
    return onnx.add("MaxPool", maps, kernel_shape=[kernel_px] * 2, strides=[kernel_px] * 2)


def _concatenate(onnx: OnnxGraph, several: Sequence[str], dim: int = 0) -> str:
    return onnx.add("Concat", *several, axis=dim)


def _arithmetic(operation: str) -> Callable[..., str]:
    def translation(onnx: OnnxGraph, *terms: str | float) -> str:
        names = (term if isinstance(term, str) else onnx.constant(np.float32(term)) for term in terms)
        return onnx.add(operation, *names)

    return translation


_LAYERS: Mapping[type[nn.Module], Callable[..., str]] = MappingProxyType(
    {nn.Conv2d: _convolution, nn.ReLU: _relu, nn.ReLU6: _relu6, nn.Identity: _nothing}
)
_FUNCTIONS: Mapping[Any, Callable[..., Any]] = MappingProxyType(
    {
        pad_to_multiple: _leave_out,
        operator.getitem: _leave_out,
        builtins.getattr: _leave_out,
        upsample_like: _upsample_like,
        F.pad: _pad,
        F.max_pool2d: _max_pool,
        torch.cat: _concatenate,
        operator.add: _arithmetic("Add"),
        operator.mul: _arithmetic("Mul"),
    }
)
