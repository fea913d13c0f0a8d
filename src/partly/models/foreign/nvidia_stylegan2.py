"""StyleGAN2 and StyleGAN3 generators in pickles of NVIDIA's repositories stylegan2-ada-pytorch and stylegan3.

The format, as their public training/networks.py (later networks_stylegan2.py and networks_stylegan3.py) and
training_loop.py describe it: a dict with ``G``, ``D`` and the averaged generator ``G_ema``, each a persistent
object (see :mod:`partly.models.foreign.persistence`). The same pictures come out as with
``noise_mode="const"`` and ``force_fp32=True``.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from partly.errors import BadModelFile
from partly.models.foreign.inert_pickles import Record
from partly.models.foreign.named_tensors import NamedTensors
from partly.models.foreign.native_stylegan2 import Convolution, ForeignGenerator, native_shape
from partly.models.foreign.nvidia_mapping import clamp_of, expect_linear, mapping_of, mean_of_w, rate_of
from partly.models.foreign.nvidia_stylegan3 import is_stylegan3, read_stylegan3
from partly.models.foreign.persistence import Network, class_name_of, is_network, read_network

NAME = "nvidia"
_SQRT2 = math.sqrt(2)


def recognises(content: Any) -> bool:
    """Whether a file's content is of this format, generator or not."""
    return is_network(content) or (isinstance(content, dict) and any(map(is_network, content.values())))


def read(content: Any, path: Path, class_index: int | None) -> ForeignGenerator:
    """The averaged generator.

    Args:
        content: of the pickle.
        path: the file, for errors.
        class_index: which class a generator with classes is to make; it is folded into the mapping network.

    Raises:
        BadModelFile: there is none, tensors are missing, left over or contradict each
            other, or something is not as in the paper.
        BadOption: it has classes and none is given, or the other way round.
    """
    network = read_network(_generator(content, path), path)
    network.expect("", "Generator", img_channels=3)
    network.expect("synthesis", "SynthesisNetwork", img_channels=3)
    network.expect("mapping", "MappingNetwork")
    if is_stylegan3(network):
        return read_stylegan3(network, class_index)
    tensors = NamedTensors(network.tensors, path)
    synthesis = _Synthesis(network, tensors, network.number("mapping", "w_dim"))
    image_size_px = network.number("synthesis", "img_resolution", least=8)
    sizes_px = [1 << i for i in range(2, image_size_px.bit_length())]
    network.expect("synthesis", "SynthesisNetwork", img_resolution=sizes_px[-1])
    n_channels = {s: tensors.sizes(f"synthesis.b{s}.conv1.weight", 4)[0] for s in sizes_px}
    shape = native_shape(
        n_channels,
        path,
        z_dim=network.number("mapping", "z_dim", least=1),
        w_dim=synthesis.w_dim,
        n_mapping_layers=network.number("mapping", "num_layers"),
        mapping_rate=rate_of(network),
        clamp=clamp_of(network),
    )
    native = mapping_of(network, tensors, class_index) | synthesis.native(n_channels)
    mean, remarks = mean_of_w(tensors, shape.w_dim)
    for name in network.tensors:
        # Layers that do not resample have one too.
        if name.endswith(".resample_filter"):
            tensors.take_filter(name)
    tensors.refuse_others()
    return ForeignGenerator(NAME, shape, native | mean, tuple(remarks))


def _generator(content: Any, path: Path) -> Record:
    """The averaged generator's record: ``G_ema``, or the file itself."""
    found = content.get("G_ema") if isinstance(content, dict) else content
    if not isinstance(found, Record) or not is_network(found):
        raise BadModelFile(
            f"holds {', '.join(map(str, content))}", expected="the averaged generator, G_ema", path=path
        )
    class_name = class_name_of(found, path)
    if class_name != "Generator":
        raise BadModelFile(
            f"holds a {class_name}",
            expected="a Generator",
            remedy="Take the whole pickle of the training, network-snapshot-*.pkl",
            path=path,
        )
    return found


@dataclass(frozen=True)
class _Synthesis:
    """Takes the tensors of the synthesis network, making sure of what they are used for."""

    network: Network
    tensors: NamedTensors
    w_dim: int

    def native(self, n_channels: Mapping[int, int]) -> dict[str, Tensor]:
        """All of them by their native names."""
        architecture, last_px = self._architecture(), max(n_channels)
        n_in = n_channels[4]
        native = {"constant": self.tensors.take("synthesis.b4.const", n_in, 4, 4)[None]}
        for i, (size_px, n_out) in enumerate(n_channels.items()):
            block, prefix = f"synthesis.b{size_px}", f"blocks.{i - 1}."
            self.network.expect(block, "SynthesisBlock", architecture=architecture, img_channels=3)
            conv1 = self._styled(f"{block}.conv1", (n_out, n_out, size_px), up=False)
            if size_px == 4:
                prefix = ""
                native |= conv1.named("conv1")
            else:
                self.tensors.take_filter(f"{block}.resample_filter")
                self.tensors.take_filter(f"{block}.conv0.resample_filter")
                conv0 = self._styled(f"{block}.conv0", (n_in, n_out, size_px), up=True)
                native |= conv0.named(f"{prefix}conv1", up=True) | conv1.named(f"{prefix}conv2")
            has_rgb = architecture == "skip" or size_px == last_px
            to_rgb = self._to_rgb(f"{block}.torgb", n_out) if has_rgb else self._no_rgb(n_out)
            native |= to_rgb.named(f"{prefix}to_rgb")
            n_in = n_out
        return native

    def _architecture(self) -> str:
        """How blocks reach the picture (Karras et al., CVPR 2020, figure 7).

        Raises:
            BadModelFile: in another way than by skip connections, or from the last block alone.
        """
        found = self.network.value("synthesis.b4", "architecture")
        if found == "resnet":
            raise BadModelFile(
                "is a StyleGAN2 with residual connections (architecture 'resnet'): its features are sums "
                "of two paths, which Partly's network does not make",
                expected="the architecture 'skip' or 'orig'",
                remedy="Take a network trained with the architecture 'skip', which all configurations have",
                path=self.network.path,
            )
        if found not in ("skip", "orig"):
            raise BadModelFile(
                f"synthesis.b4.architecture is {reprlib.repr(found)}",
                expected="'skip' or 'orig'",
                remedy="Partly knows the StyleGAN2 of the paper only, not networks derived from it",
                path=self.network.path,
            )
        return str(found)

    def _styled(self, name: str, sizes: tuple[int, int, int], *, up: bool) -> Convolution:
        n_in, n_out, size_px = sizes
        use_noise = self.network.value(name, "use_noise")
        self.network.expect(
            name,
            "SynthesisLayer",
            activation="lrelu",
            act_gain=_SQRT2,
            padding=1,
            resolution=size_px,
            up=2 if up else 1,
        )
        return Convolution(
            self.tensors.take(f"{name}.weight", n_out, n_in, 3, 3),
            self.tensors.take(f"{name}.bias", n_out),
            *self._style(name, n_in),
            strength=self.tensors.take(f"{name}.noise_strength") if use_noise else torch.zeros(()),
            noise=self._noise(name, size_px) if use_noise else torch.zeros(size_px, size_px),
        )

    def _noise(self, name: str, size_px: int) -> Tensor:
        return self.tensors.take(f"{name}.noise_const", size_px, size_px)

    def _to_rgb(self, name: str, n_in: int) -> Convolution:
        self.network.expect(name, "ToRGBLayer", weight_gain=1 / math.sqrt(n_in))
        return Convolution(
            self.tensors.take(f"{name}.weight", 3, n_in, 1, 1),
            self.tensors.take(f"{name}.bias", 3),
            *self._style(name, n_in),
        )

    def _no_rgb(self, n_in: int) -> Convolution:
        """In place of a picture that is not made: it adds nothing to the larger ones."""
        weight, style = torch.zeros(3, n_in, 1, 1), torch.zeros(n_in, self.w_dim)
        return Convolution(weight, torch.zeros(3), style, torch.ones(n_in))

    def _style(self, name: str, n_in: int) -> tuple[Tensor, Tensor]:
        expect_linear(self.network, f"{name}.affine", self.w_dim, 1.0, "linear")
        weight = self.tensors.take(f"{name}.affine.weight", n_in, self.w_dim)
        return weight, self.tensors.take(f"{name}.affine.bias", n_in)
