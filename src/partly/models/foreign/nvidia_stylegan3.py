"""StyleGAN3 generators in pickles of NVIDIA's repository stylegan3, of the configurations T and R.

What the repository's public training/networks_stylegan3.py says of a layer (sizes, rates, filters, padding)
is compared with what the native layer of the same frequencies has; anything else is refused. The same
pictures come out as with ``force_fp32=True``.
"""

from __future__ import annotations

import reprlib
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from partly.errors import BadModelFile, BadOption
from partly.models.foreign.inert_tensors import whole_numbers_of
from partly.models.foreign.named_tensors import NamedTensors
from partly.models.foreign.native_stylegan2 import ForeignGenerator
from partly.models.foreign.nvidia_mapping import clamp_of, expect_linear, mapping_of, mean_of_w, rate_of
from partly.models.foreign.persistence import Network
from partly.models.generators.stylegan3.stylegan3_layers import filters_of
from partly.models.generators.stylegan3.stylegan3_shape import LayerShape, StyleGAN3Shape

NAME = "nvidia"
_SYNTHESIS, _INPUT = "synthesis", "synthesis.input"


def is_stylegan3(network: Network) -> bool:
    """Whether a generator is one of StyleGAN3; its classes have the same names as those of StyleGAN2."""
    return "layer_names" in network.attributes.get(_SYNTHESIS, {}) or _INPUT in network.class_names


def read_stylegan3(network: Network, class_index: int | None) -> ForeignGenerator:
    """The generator.

    Args:
        network: its tree, of a generator of pictures with synthesis and mapping.
        class_index: which class a generator with classes is to make; it is folded into the mapping network.

    Raises:
        BadModelFile: tensors are missing, left over or contradict each other, or something is not as in the
            paper.
        BadOption: it has classes and none is given, or the other way round.
    """
    tensors = NamedTensors(network.tensors, network.path, "StyleGAN3")
    layers = _Layers(network, tensors, _layer_names(network))
    shape = layers.shape()
    native = mapping_of(network, tensors, class_index) | _input(network, tensors, shape)
    for i in range(len(layers.names)):
        native |= layers.native(i, shape)
    mean, remarks = mean_of_w(tensors, shape.w_dim)
    tensors.refuse_others()
    return ForeignGenerator(NAME, shape, native | mean, tuple(remarks))


def _layer_names(network: Network) -> list[str]:
    names = network.value(_SYNTHESIS, "layer_names")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise BadModelFile(
            f"synthesis.layer_names is {reprlib.repr(names)}", expected="a list of names", path=network.path
        )
    return [f"{_SYNTHESIS}.{name}" for name in names]


def _input(network: Network, tensors: NamedTensors, shape: StyleGAN3Shape) -> dict[str, Tensor]:
    n_channels, w_dim = shape.channels[0], shape.w_dim
    network.expect(
        _INPUT,
        "SynthesisInput",
        channels=n_channels,
        sampling_rate=shape.rates[0],
        bandwidth=shape.cutoffs[0],
    )
    _expect_size(network, _INPUT, "size", shape.sizes[0])
    expect_linear(network, f"{_INPUT}.affine", w_dim, 1.0, "linear")
    return {
        "input.weight": tensors.take(f"{_INPUT}.weight", n_channels, n_channels),
        "input.freqs": tensors.take(f"{_INPUT}.freqs", n_channels, 2),
        "input.phases": tensors.take(f"{_INPUT}.phases", n_channels),
        "input.transform": tensors.take(f"{_INPUT}.transform", 3, 3),
        "input.affine.weight": tensors.take(f"{_INPUT}.affine.weight", 4, w_dim),
        "input.affine.bias": tensors.take(f"{_INPUT}.affine.bias", 4),
    }


def _size(network: Network, module: str, name: str) -> int:
    """A side in pixels, which files have twice, for width and height."""
    found = whole_numbers_of(network.value(module, name), f"{module}.{name}", network.path)
    if len(found) != 2 or found[0] != found[1]:
        raise BadModelFile(f"{module}.{name} is {found}", expected="a square", path=network.path)
    return found[0]


def _expect_size(network: Network, module: str, name: str, wanted_px: int) -> None:
    found_px = _size(network, module, name)
    if found_px != wanted_px:
        raise BadModelFile(f"{module}.{name} is {found_px}", expected=str(wanted_px), path=network.path)


@dataclass(frozen=True)
class _Layers:
    """The layers that a file lists, and what they say of themselves."""

    network: Network
    tensors: NamedTensors
    names: list[str]

    def shape(self) -> StyleGAN3Shape:
        """The shape whose layers these are."""
        network, first = self.network, self.names[0]
        finest = max(network.number(first, f"{at}_sampling_rate", least=1) for at in ("in", "out"))
        try:
            return StyleGAN3Shape(
                image_size_px=network.number(_SYNTHESIS, "img_resolution", least=1),
                z_dim=network.number("mapping", "z_dim", least=1),
                w_dim=network.number("mapping", "w_dim", least=1),
                n_mapping_layers=network.number("mapping", "num_layers"),
                mapping_rate=rate_of(network),
                clamp=clamp_of(network),
                channels=tuple(self.tensors.sizes(f"{name}.weight", 4)[0] for name in self.names),
                sizes=tuple(_size(network, name, "out_size") for name in self.names),
                rates=tuple(int(self._number(name, "out_sampling_rate")) for name in self.names),
                cutoffs=tuple(self._number(name, "out_cutoff") for name in self.names),
                half_widths=tuple(self._number(name, "out_half_width") for name in self.names),
                n_critical=network.number(_SYNTHESIS, "num_critical"),
                kernel_px=network.number(first, "conv_kernel", least=1),
                radial=any(network.value(name, "down_radial") is True for name in self.names),
                n_taps=self._n_taps(),
                oversampling=network.number(first, "tmp_sampling_rate", least=1) // finest,
                output_scale=self._number(_SYNTHESIS, "output_scale"),
            )
        except BadOption as error:
            raise BadModelFile(f"has {error.found}", expected=error.expected, path=network.path) from error

    def _n_taps(self) -> int:
        """Length of the filters for each factor of resampling, of a layer that resamples."""
        found = [1]
        for name in self.names:
            for way in ("up", "down"):
                factor = self.network.number(name, f"{way}_factor", least=1)
                found.append(self.network.number(name, f"{way}_taps", least=1) // factor)
        return max(found)

    def native(self, i: int, shape: StyleGAN3Shape) -> dict[str, Tensor]:
        """The tensors of layer ``i`` by their native names, once all that it says of itself is right."""
        name, layer, prefix = self.names[i], shape.layer(i), f"layers.{i}."
        self._expect(name, layer, is_rgb=i == len(self.names) - 1)
        for own, taps in filters_of(layer).items():
            if len(taps) > 1:
                self._take_filter(f"{name}.{own}", taps)
        expect_linear(self.network, f"{name}.affine", shape.w_dim, 1.0, "linear")
        kernel = (layer.n_out, layer.n_in, layer.kernel_px, layer.kernel_px)
        take = self.tensors.take
        return {
            f"{prefix}weight": take(f"{name}.weight", *kernel),
            f"{prefix}bias": take(f"{name}.bias", layer.n_out),
            f"{prefix}magnitude": take(f"{name}.magnitude_ema"),
            f"{prefix}affine.weight": take(f"{name}.affine.weight", layer.n_in, shape.w_dim),
            f"{prefix}affine.bias": take(f"{name}.affine.bias", layer.n_in),
        }

    def _expect(self, name: str, layer: LayerShape, *, is_rgb: bool) -> None:
        self.network.expect(
            name,
            "SynthesisLayer",
            is_torgb=is_rgb,
            in_channels=layer.n_in,
            out_channels=layer.n_out,
            in_sampling_rate=layer.rates[0],
            tmp_sampling_rate=layer.rates[1],
            out_sampling_rate=layer.rates[2],
            in_cutoff=layer.cutoffs[0],
            out_cutoff=layer.cutoffs[1],
            in_half_width=layer.half_widths[0],
            out_half_width=layer.half_widths[1],
            conv_kernel=layer.kernel_px,
            up_factor=layer.up,
            up_taps=layer.up_taps,
            down_factor=layer.down,
            down_taps=layer.down_taps,
            down_radial=layer.radial,
        )
        _expect_size(self.network, name, "in_size", layer.sizes[0])
        _expect_size(self.network, name, "out_size", layer.sizes[1])
        padding: Any = self.network.value(name, "padding")
        if not isinstance(padding, list | tuple) or list(padding) != [*layer.padding, *layer.padding]:
            raise BadModelFile(
                f"{name}.padding is {reprlib.repr(padding)}",
                expected=f"{[*layer.padding, *layer.padding]}",
                path=self.network.path,
            )

    def _take_filter(self, name: str, wanted: Tensor) -> None:
        found = self.tensors.take(name, *wanted.shape)
        if not torch.allclose(found, wanted, atol=1e-5):
            raise BadModelFile(
                f"{name} is another filter than its layer's frequencies make",
                expected="a low-pass filter with a Kaiser window, as in the paper",
                remedy="Partly knows the StyleGAN3 of the paper only, not networks derived from it",
                path=self.network.path,
            )

    def _number(self, module: str, name: str) -> float:
        found = self.network.value(module, name)
        if isinstance(found, bool) or not isinstance(found, int | float) or not 0 < found < 1e6:
            raise BadModelFile(
                f"{module}.{name} is {reprlib.repr(found)}",
                expected="a positive number",
                path=self.network.path,
            )
        return float(found)
