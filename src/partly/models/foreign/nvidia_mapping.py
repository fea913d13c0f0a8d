"""Mapping networks in pickles of NVIDIA's repositories, of StyleGAN2 and StyleGAN3 alike."""

from __future__ import annotations

import math
import reprlib
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from partly.errors import BadModelFile, BadOption
from partly.models.foreign.named_tensors import NamedTensors
from partly.models.foreign.native_stylegan2 import no_classes
from partly.models.foreign.persistence import Network

_NO_W_AVG = "it has no w_avg: the mean of w was computed from 10,000 latents"


def mean_of_w(tensors: NamedTensors, w_dim: int) -> tuple[dict[str, Tensor], list[str]]:
    """The mean of ``w`` by its native name, and what is to be said of it."""
    if "mapping.w_avg" in tensors:
        return {"w_mean": tensors.take_mean("mapping.w_avg", w_dim)}, []
    return {}, [_NO_W_AVG]


def rate_of(network: Network) -> float:
    """Factor of the learning rate of the mapping network: what its first layer scales biases by."""
    rate = network.value("mapping.fc0", "bias_gain")
    if not isinstance(rate, int | float) or not rate > 0:
        raise BadModelFile(
            f"mapping.fc0.bias_gain is {reprlib.repr(rate)}", expected="a factor", path=network.path
        )
    return float(rate)


def clamp_of(network: Network) -> float | None:
    """The bound on activations, the same in all layers."""
    found = [
        network.value(module, "conv_clamp")
        for module, class_name in network.class_names.items()
        if class_name in ("SynthesisLayer", "ToRGBLayer")
    ]
    first = found[0] if found else None
    is_known = first is None or (isinstance(first, int | float) and first > 0)
    if not is_known or any(clamp != first for clamp in found):
        raise BadModelFile(
            f"has layers with conv_clamp {', '.join(sorted(set(map(reprlib.repr, found))))}",
            expected="one number, or None, for all",
            path=network.path,
        )
    return None if first is None else float(first)


def mapping_of(network: Network, tensors: NamedTensors, class_index: int | None) -> dict[str, Tensor]:
    """The tensors of the mapping network by their native names, for one class where it knows some.

    Raises:
        BadModelFile: tensors are missing, or something is not as in the paper.
        BadOption: it has classes and none is given, or the other way round.
    """
    w_dim, z_dim = network.number("mapping", "w_dim"), network.number("mapping", "z_dim")
    n_classes = network.number("mapping", "c_dim")
    _check_class(n_classes, class_index, network.path)
    rate, native, n_in = rate_of(network), {}, z_dim
    if n_classes:
        n_embedded = tensors.sizes("mapping.embed.weight", 2)[0]
        n_in += n_embedded
    for i in range(network.number("mapping", "num_layers")):
        name = f"mapping.fc{i}"
        expect_linear(network, name, n_in, rate, "lrelu")
        native[f"mapping.layers.{i}.weight"] = tensors.take(f"{name}.weight", w_dim, n_in)
        native[f"mapping.layers.{i}.bias"] = tensors.take(f"{name}.bias", w_dim)
        n_in = w_dim
    if n_classes and class_index is not None:
        expect_linear(network, "mapping.embed", n_classes, 1.0, "linear")
        weight = tensors.take("mapping.embed.weight", n_embedded, n_classes)[:, class_index]
        embedded = weight / math.sqrt(n_classes) + tensors.take("mapping.embed.bias", n_embedded)
        first = native["mapping.layers.0.weight"], native["mapping.layers.0.bias"]
        folded = with_class(*first, embedded)
        native["mapping.layers.0.weight"], native["mapping.layers.0.bias"] = folded
    return native


def with_class(weight: Tensor, bias: Tensor, embedded: Tensor) -> tuple[Tensor, Tensor]:
    """A first mapping layer for one class of a generator with classes.

    The layer takes the normalised latent and the normalised embedding of the class, one behind the other. The
    embedding of one class is constant, and what the layer makes of it joins the bias.

    Args:
        weight: ``[v, z + e]``, scaled by ``rate / sqrt(z + e)`` where it is used.
        bias: ``[v]``, scaled by ``rate`` where it is used.
        embedded: ``[e]``, the embedding of the class, not normalised.

    Returns:
        Weight ``[v, z]`` and bias ``[v]`` of a native layer.
    """
    n_all, z_dim = weight.shape[1], weight.shape[1] - len(embedded)
    embedded = embedded.double() * torch.rsqrt(embedded.double().square().mean() + 1e-8)
    share = F.linear(embedded, weight[:, z_dim:].double()) / math.sqrt(n_all)
    return weight[:, :z_dim] * math.sqrt(z_dim / n_all), (bias.double() + share).float()


def _check_class(n_classes: int, class_index: int | None, path: Path) -> None:
    if n_classes == 0 and class_index is not None:
        raise no_classes(path)
    if n_classes and (class_index is None or not 0 <= class_index < n_classes):
        raise BadOption(
            f"its generator knows {n_classes} classes, and "
            + ("none is chosen" if class_index is None else f"{class_index} is chosen"),
            expected=f"one of 0 to {n_classes - 1}",
            remedy="Choose with --class; import the file once for each class that you want",
            path=path,
        )


def expect_linear(network: Network, name: str, n_in: int, rate: float, activation: str) -> None:
    """Make sure that a fully connected layer does what a native one does.

    Raises:
        BadModelFile: it does not.
    """
    gains = {"weight_gain": rate / math.sqrt(max(n_in, 1)), "bias_gain": rate}
    network.expect(name, "FullyConnectedLayer", activation=activation, **gains)
