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
from torch import Tensor, fx, nn

from partly.inference.export.onnx_graph import OnnxGraph
from partly.inference.export.sized_encoder import with_first
from partly.models.encoders import Attention, imagenet_normalised
from partly.models.networks import pad_to_multiple, upsample_like


def translate(body: nn.Module, images: str, onnx: OnnxGraph, prefix: str = "") -> str:
    """Add the nodes of an architecture, in eval mode and with norms folded; returns the name of its logits.

    Args:
        body: images float32 ``[b, 3, h, w]`` to logits ``[b, k, h, w]``.
        images: a value's name; sides must be multiples already, since padding and cropping are left out.
        onnx: where the nodes go.
        prefix: of the names of weights, where there are several bodies.

    Raises:
        TypeError: there is no translation of a layer or operation.
    """
    tracer = _Tracer(autowrap_functions=(pad_to_multiple, upsample_like, imagenet_normalised, with_first))
    return str(_Translator(fx.GraphModule(body, tracer.trace(body)), onnx, prefix).run(images))


def resized(onnx: OnnxGraph, maps: str, size: Sequence[int]) -> str:
    """``[b, c, h, w]`` resized bilinearly to a height and width."""
    return _resized_to(onnx, maps, _sizes(onnx, *size))


class _Tracer(fx.Tracer):
    """Looks into no layer that has a translation."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return type(m) in _LAYERS or super().is_leaf_module(m, module_qualified_name)


class _Translator(fx.Interpreter):
    """Runs a traced module: each layer and function gets names of values, and gives one.

    Tensors that do not depend on the images stay tensors, and become constants where they meet names.
    """

    def __init__(self, traced: fx.GraphModule, onnx: OnnxGraph, prefix: str) -> None:
        super().__init__(traced)
        self.extra_traceback = False  # takes seconds to tell what nobody needs
        self.onnx, self.prefix = onnx, prefix

    def call_module(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        layer = self.fetch_attr(target)
        return _found(_LAYERS, type(layer))(self.onnx, f"{self.prefix}{target}", layer, *args, **kwargs)

    def call_function(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return _found(_FUNCTIONS, target)(self.onnx, *args, **kwargs)

    def call_method(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return _found(_METHODS, target)(self.onnx, *args, **kwargs)


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


def _linear(onnx: OnnxGraph, name: str, layer: nn.Linear, rows: str) -> str:
    return _product(onnx, name, layer.weight, layer.bias, rows)


def _product(onnx: OnnxGraph, name: str, weight: Tensor, bias: Tensor | None, rows: str) -> str:
    product = onnx.add("MatMul", rows, onnx.weight(f"{name}.weight", weight.detach().numpy().T))
    if bias is None:
        return product
    return onnx.add("Add", product, onnx.weight(f"{name}.bias", bias.detach().numpy()))


def _layer_norm(onnx: OnnxGraph, name: str, layer: nn.LayerNorm, rows: str) -> str:
    if len(layer.normalized_shape) != 1 or layer.bias is None:
        raise TypeError(f"no translation to ONNX of the norm {name}: over {layer.normalized_shape}")
    parts = (("weight", layer.weight), ("bias", layer.bias))
    # A norm that is called several times is a weight once.
    weights = (onnx.shared_weight(f"{name}.{part}", tensor.detach().numpy()) for part, tensor in parts)
    return onnx.add("LayerNormalization", rows, *weights, axis=-1, epsilon=layer.eps)


def _attention(onnx: OnnxGraph, name: str, layer: Attention, tokens: str) -> str:
    """As ``scaled_dot_product_attention`` of all heads, ``[b, n, c]`` to the same."""
    n_channels = layer.proj.in_features
    n_each = n_channels // layer.n_heads
    # The root of the number of channels divides the queries, here their weights.
    scales = {"query": n_each**-0.5, "key": 1.0, "value": 1.0}
    parts = []
    for (part, scale), weight, bias in zip(
        scales.items(), layer.qkv.weight.chunk(3), layer.qkv.bias.chunk(3), strict=True
    ):
        rows = _product(onnx, f"{name}.{part}", weight * scale, bias * scale, tokens)
        # 0 is "as before": any number of photos and tokens.
        heads = onnx.add("Reshape", rows, _sizes(onnx, 0, 0, layer.n_heads, n_each))
        parts.append(onnx.add("Transpose", heads, perm=[0, 2, 3, 1] if part == "key" else [0, 2, 1, 3]))
    query, key, value = parts
    shares = onnx.add("Softmax", onnx.add("MatMul", query, key), axis=-1)
    mixed = onnx.add("Transpose", onnx.add("MatMul", shares, value), perm=[0, 2, 1, 3])
    joined = onnx.add("Reshape", mixed, _sizes(onnx, 0, 0, n_channels))
    return _linear(onnx, f"{name}.proj", layer.proj, joined)


def _gelu(onnx: OnnxGraph, values: str, approximate: str = "none") -> str:
    """Exactly, by the error function: ONNX has no operation of its own in this opset."""
    if approximate != "none":
        raise TypeError(f"no translation to ONNX of gelu by {approximate}")
    error = onnx.add("Erf", onnx.add("Div", values, onnx.constant(np.float32(2**0.5))))
    weighted = onnx.add("Mul", values, onnx.add("Add", error, onnx.constant(np.float32(1))))
    return onnx.add("Mul", weighted, onnx.constant(np.float32(0.5)))


def _gelu_layer(onnx: OnnxGraph, _name: str, layer: nn.GELU, values: str) -> str:
    return _gelu(onnx, values, layer.approximate)


def _nothing(_onnx: OnnxGraph, _name: str, _layer: nn.Identity, maps: str) -> str:
    return maps


def _leave_out(_onnx: OnnxGraph, value: Any, *_about: Any) -> Any:
    """Padding to a multiple, cropping back, and asking for sizes in order to do so."""
    return value


def _upsample_like(onnx: OnnxGraph, maps: str, reference: str) -> str:
    return _resized_to(onnx, maps, onnx.add("Shape", reference, start=2))


def _resized_to(onnx: OnnxGraph, maps: str, sides: str) -> str:
    sizes = onnx.add("Concat", onnx.add("Shape", maps, end=2), sides, axis=0)
    return onnx.add("Resize", maps, "", "", sizes, mode="linear", coordinate_transformation_mode="half_pixel")


def _interpolate(
    onnx: OnnxGraph, maps: str, size: Sequence[int], mode: str = "nearest", **other: object
) -> str:
    if mode != "bilinear" or any(other.values()):
        raise TypeError("no translation to ONNX of interpolate but bilinearly to a size")
    return resized(onnx, maps, size)


def _imagenet_normalised(onnx: OnnxGraph, images: str) -> str:
    """Linear: so two images say what it does to all."""
    black, white = imagenet_normalised(torch.tensor([-1.0, 1.0]).view(2, 1, 1, 1).expand(2, 3, 1, 1)).double()
    factor, offset = (white - black) / 2, (white + black) / 2
    scaled = onnx.add("Mul", images, _term(onnx, factor.float()))
    return onnx.add("Add", scaled, _term(onnx, offset.float()))


def _with_first(onnx: OnnxGraph, first: Tensor, tokens: str) -> str:
    shape = onnx.add("Concat", onnx.add("Shape", tokens, end=1), _sizes(onnx, *first.shape[1:]), axis=0)
    return onnx.add("Concat", onnx.add("Expand", _term(onnx, first), shape), tokens, axis=1)


def _narrow(onnx: OnnxGraph, values: str, dim: int, start: int, length: int) -> str:
    return onnx.add("Slice", values, *(_sizes(onnx, n) for n in (start, start + length, dim)))


def _flatten(onnx: OnnxGraph, values: str, start_dim: int) -> str:
    return onnx.add("Reshape", values, _sizes(onnx, *[0] * start_dim, -1))


def _unflatten(onnx: OnnxGraph, values: str, dim: int, sizes: Sequence[int]) -> str:
    """Of the last dimension."""
    return onnx.add("Reshape", values, _sizes(onnx, *[0] * dim, *sizes))


def _transpose(onnx: OnnxGraph, values: str, *dims: int) -> str:
    if sorted(dims) != [1, 2]:
        raise TypeError(f"no translation to ONNX of a transposition of {dims}: only of rows and columns")
    return onnx.add("Transpose", values, perm=[0, 2, 1])


def _sizes(onnx: OnnxGraph, *sizes: int) -> str:
    return onnx.constant(np.array(sizes, np.int64))


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
    def translation(onnx: OnnxGraph, *terms: str | float | Tensor) -> str:
        return onnx.add(operation, *(_term(onnx, term) for term in terms))

    return translation


def _term(onnx: OnnxGraph, term: str | float | Tensor) -> str:
    if isinstance(term, str):
        return term
    return onnx.constant(term.detach().numpy() if isinstance(term, Tensor) else np.float32(term))


_LAYERS: Mapping[type[nn.Module], Callable[..., str]] = MappingProxyType(
    {
        nn.Conv2d: _convolution,
        nn.ReLU: _relu,
        nn.ReLU6: _relu6,
        nn.Identity: _nothing,
        nn.GELU: _gelu_layer,
        nn.Linear: _linear,
        nn.LayerNorm: _layer_norm,
        Attention: _attention,
    }
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
        F.gelu: _gelu,
        F.interpolate: _interpolate,
        imagenet_normalised: _imagenet_normalised,
        with_first: _with_first,
    }
)
_METHODS: Mapping[str, Callable[..., str]] = MappingProxyType(
    {"flatten": _flatten, "unflatten": _unflatten, "transpose": _transpose, "narrow": _narrow}
)
