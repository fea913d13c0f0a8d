"""Checkpoints of rosinality's stylegan2-pytorch: state dicts in a file of ``torch.save``.

The format, as its public model.py, train.py and convert_weight.py describe it
(https://github.com/rosinality/stylegan2-pytorch): a dict whose ``g_ema`` is the state dict of the averaged
generator, with ``latent_avg`` where it was converted from another format. Programs that build on it put the
generator's names behind a prefix, and repeat ``latent_avg`` for all layers. The constructor's arguments are
not kept: they follow from the shapes, but for the learning rate of the mapping network, which is always 0.01.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from partly.errors import BadModelFile
from partly.models.foreign.inert_tensors import tensors_of
from partly.models.foreign.named_tensors import NamedTensors, mean_row
from partly.models.foreign.native_stylegan2 import Convolution, ForeignGenerator, native_shape, no_classes
from partly.models.foreign.wrapper_prefixes import Wrapped, chosen_state, wrapped_states
from partly.storage import picture_seed, picture_stream

NAME = "rosinality"
_RATE = 0.01
_KEYS = ("g_ema", "g", "d")
_MEAN = "latent_avg"
_GENERATOR_SIGN, _DISCRIMINATOR_SIGN = "conv1.conv.modulation.weight", "final_linear.0.weight"
_UPSAMPLING_GAIN = 4.0
_NO_LATENT_AVG = "it has no latent_avg: the mean of w was computed from 10,000 latents"
_NO_NOISE = "it has no fixed noise, like the oldest files: it was drawn anew"


def recognises(content: Any) -> bool:
    """Whether a file's content is of this format, generator or not."""
    return (isinstance(content, dict) and any(name in content for name in _KEYS)) or any(
        wrapped_states(content, (sign,)) for sign in (_GENERATOR_SIGN, _DISCRIMINATOR_SIGN)
    )


def read(content: Any, path: Path, class_index: int | None) -> ForeignGenerator:
    """The averaged generator.

    Raises:
        BadModelFile: there is none, tensors are missing, left over or contradict each other.
        BadOption: a class is asked for; the format knows none.
    """
    if class_index is not None:
        raise no_classes(path)
    wrapped = _wrapped(content, path)
    state = tensors_of({n: value for n, value in wrapped.state.items() if n != _MEAN}, path)
    tensors = NamedTensors(state, path)
    n_mapping_layers = _count(state, r"style\.(\d+)\.weight")
    n_blocks = _count(state, r"to_rgbs\.(\d+)\.bias") + 1
    w_dim = tensors.sizes("style.1.weight", 2)[1]
    n_channels = {4: tensors.sizes("input.input", 4)[1]}
    n_channels |= {8 << i: tensors.sizes(f"convs.{2 * i}.conv.weight", 5)[1] for i in range(n_blocks)}
    shape = native_shape(
        n_channels, path, z_dim=w_dim, w_dim=w_dim, n_mapping_layers=n_mapping_layers, mapping_rate=_RATE
    )
    native = _mapping(tensors, n_mapping_layers, w_dim) | _synthesis(tensors, n_channels, w_dim)
    remarks = wrapped.remarks
    if "noises.noise_0" not in tensors:
        remarks.append(_NO_NOISE)
    mean = content.get(_MEAN, wrapped.state.get(_MEAN))
    if mean is not None:
        native["w_mean"] = mean_row(mean, _MEAN, w_dim, path)
    else:
        remarks.append(_NO_LATENT_AVG)
    tensors.refuse_others()
    return ForeignGenerator(NAME, shape, native, tuple(remarks))


def _wrapped(content: Mapping[str, Any], path: Path) -> Wrapped:
    """The state dict of the averaged generator."""
    found = wrapped_states(content, (_GENERATOR_SIGN,))
    # A training's own generator is not the averaged one, which is better.
    chosen = [one for one in found if one.keys == ("g_ema",)] or [one for one in found if one.keys != ("g",)]
    if not chosen:
        is_other = "d" not in content and wrapped_states(content, (_DISCRIMINATOR_SIGN,))
        own = content.get("g_ema")
        if isinstance(own, dict) and own:
            raise BadModelFile(
                f"its g_ema is another network, with {', '.join(map(str, list(own)[:3]))}",
                expected=f"the names of rosinality's stylegan2-pytorch, such as {_GENERATOR_SIGN}",
                remedy="Take a checkpoint of that program, or a .pkl of NVIDIA's",
                path=path,
            )
        raise BadModelFile(
            "is a discriminator" if is_other else f"holds {', '.join(map(str, list(content)[:5]))}",
            expected="the averaged generator of a StyleGAN2, g_ema",
            path=path,
        )
    return chosen_state(chosen, path)


def _count(names: Mapping[str, Any], pattern: str) -> int:
    """The highest number in the names of that pattern; layers that lack would be missed otherwise."""
    return max((int(found[1]) for name in names if (found := re.fullmatch(pattern, name))), default=0)


def _mapping(tensors: NamedTensors, n_layers: int, w_dim: int) -> dict[str, Tensor]:
    # Layer 0 is the pixel norm, which has no tensors.
    native = {}
    for i in range(n_layers):
        native[f"mapping.layers.{i}.weight"] = tensors.take(f"style.{i + 1}.weight", w_dim, w_dim)
        native[f"mapping.layers.{i}.bias"] = tensors.take(f"style.{i + 1}.bias", w_dim)
    return native


def _synthesis(tensors: NamedTensors, n_channels: Mapping[int, int], w_dim: int) -> dict[str, Tensor]:
    n_in = n_channels[4]
    native = {"constant": tensors.take("input.input", 1, n_in, 4, 4)}
    native |= _styled(tensors, "conv1", 0, (n_in, n_in, w_dim, 4)).named("conv1")
    native |= _to_rgb(tensors, "to_rgb1", n_in, w_dim).named("to_rgb")
    for i, size_px in enumerate(list(n_channels)[1:]):
        n_out = n_channels[size_px]
        first, second = 2 * i, 2 * i + 1
        tensors.take_filter(f"convs.{first}.conv.blur.kernel", _UPSAMPLING_GAIN)
        tensors.take_filter(f"to_rgbs.{i}.upsample.kernel", _UPSAMPLING_GAIN)
        conv1 = _styled(tensors, f"convs.{first}", first + 1, (n_in, n_out, w_dim, size_px))
        conv2 = _styled(tensors, f"convs.{second}", second + 1, (n_out, n_out, w_dim, size_px))
        native |= conv1.named(f"blocks.{i}.conv1", up=True) | conv2.named(f"blocks.{i}.conv2")
        native |= _to_rgb(tensors, f"to_rgbs.{i}", n_out, w_dim).named(f"blocks.{i}.to_rgb")
        n_in = n_out
    return native


def _styled(tensors: NamedTensors, name: str, index: int, sizes: tuple[int, int, int, int]) -> Convolution:
    n_in, n_out, w_dim, size_px = sizes
    return Convolution(
        weight=tensors.take(f"{name}.conv.weight", 1, n_out, n_in, 3, 3)[0],
        bias=tensors.take(f"{name}.activate.bias", n_out),
        style_weight=tensors.take(f"{name}.conv.modulation.weight", n_in, w_dim),
        style_bias=tensors.take(f"{name}.conv.modulation.bias", n_in),
        strength=tensors.take(f"{name}.noise.weight", 1),
        noise=_noise(tensors, index, size_px),
    )


def _noise(tensors: NamedTensors, index: int, size_px: int) -> Tensor:
    """The fixed noise of one layer; files of before it was kept get the same one everywhere."""
    if "noises.noise_0" in tensors:
        return tensors.take(f"noises.noise_{index}", 1, 1, size_px, size_px)[0, 0]
    bits = picture_stream("imported noise", picture_seed("imported noise"), index)
    return torch.from_numpy(bits.standard_normal((size_px, size_px)).astype(np.float32))


def _to_rgb(tensors: NamedTensors, name: str, n_in: int, w_dim: int) -> Convolution:
    return Convolution(
        weight=tensors.take(f"{name}.conv.weight", 1, 3, n_in, 1, 1)[0],
        bias=tensors.take(f"{name}.bias", 1, 3, 1, 1).flatten(),
        style_weight=tensors.take(f"{name}.conv.modulation.weight", n_in, w_dim),
        style_bias=tensors.take(f"{name}.conv.modulation.bias", n_in),
    )
