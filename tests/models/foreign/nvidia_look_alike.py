"""A StyleGAN2 as NVIDIA's repositories pickle it, and its forward pass, written naively.

From the papers (Karras et al., CVPR 2020 and NeurIPS 2020) and the public description of the format. A module
is pickled as a call of ``torch_utils.persistence._reconstruct_persistent_obj``, here of a fake package.
Upsampling convolutions are written as they are defined: zeros between pixels, the filter, the convolution.
"""

from __future__ import annotations

import pickle
import sys
import types
from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F

SQRT2 = np.sqrt(2)
SOURCE = "raise RuntimeError('the source code in a pickle is never run')\n"


@dataclass
class Config:
    """Constructor arguments, as in the repositories."""

    z_dim: int = 16
    c_dim: int = 0
    w_dim: int = 16
    img_resolution: int = 32
    channel_base: int = 256
    channel_max: int = 12
    num_layers: int = 2
    lr_multiplier: float = 0.01
    conv_clamp: float | None = 256
    use_noise: bool = True
    architecture: str = "skip"


@dataclass
class Module:
    """A module of torch, as far as its pickle shows it."""

    class_name: str
    attributes: dict = field(default_factory=dict)
    parameters: dict = field(default_factory=dict)
    buffers: dict = field(default_factory=dict)
    modules: dict = field(default_factory=dict)
    version: int = 6

    def __getitem__(self, path):
        """The module, parameter, buffer or attribute of a dotted name."""
        first, _, rest = path.partition(".")
        for holder in (self.modules, self.parameters, self.buffers, self.attributes):
            if first in holder:
                return holder[first][rest] if rest else holder[first]
        raise KeyError(path)

    def state(self):
        return {
            "training": False,
            "_parameters": OrderedDict(
                (n, torch.nn.Parameter(t, requires_grad=False)) for n, t in self.parameters.items()
            ),
            "_buffers": OrderedDict(self.buffers),
            "_non_persistent_buffers_set": set(),
            "_backward_hooks": OrderedDict(),
            "_forward_hooks": OrderedDict(),
            "_forward_pre_hooks": OrderedDict(),
            "_state_dict_hooks": OrderedDict(),
            "_load_state_dict_pre_hooks": OrderedDict(),
            "_modules": OrderedDict(self.modules),
            **self.attributes,
            "_init_args": (),
            "_init_kwargs": sys.modules["dnnlib.util"].EasyDict(synthesis_kwargs={"conv_clamp": 256}),
        }

    def __reduce__(self):
        meta = {
            "type": "class",
            "version": self.version,
            "module_src": SOURCE,
            "class_name": self.class_name,
            "state": self.state(),
        }
        return sys.modules["torch_utils.persistence"]._reconstruct_persistent_obj, (meta,)


def fake_packages(monkeypatch):
    """Puts the packages that pickles of the repositories name where ``pickle.dumps`` looks for them."""

    def _reconstruct_persistent_obj(meta):
        raise AssertionError("nothing of a pickle is ever called")

    persistence = types.ModuleType("torch_utils.persistence")
    persistence._reconstruct_persistent_obj = _reconstruct_persistent_obj
    _reconstruct_persistent_obj.__module__ = "torch_utils.persistence"
    _reconstruct_persistent_obj.__qualname__ = "_reconstruct_persistent_obj"
    util = types.ModuleType("dnnlib.util")
    util.EasyDict = type("EasyDict", (dict,), {"__module__": "dnnlib.util", "__qualname__": "EasyDict"})
    modules = {
        "torch_utils": types.ModuleType("torch_utils"),
        "torch_utils.persistence": persistence,
        "dnnlib": types.ModuleType("dnnlib"),
        "dnnlib.util": util,
    }
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)


def pickled(generator, protocol=3):
    """What a training's snapshot holds; Python 3.7, which the repositories name, writes protocol 3."""
    snapshot = {
        "training_set_kwargs": {"class_name": "training.dataset.ImageFolderDataset", "path": "x.zip"},
        "G": None,
        "D": Module("Discriminator", {"img_channels": 3}),
        "augment_pipe": None,
        "G_ema": generator,
    }
    return pickle.dumps(snapshot, protocol)


# Making one


def random_generator(config=None, seed=0):
    """A generator with random weights; biases and noise are not 0, so that each of them matters."""
    config = config or Config()
    return _Maker(config, torch.Generator().manual_seed(seed)).generator()


@dataclass
class _Maker:
    config: Config
    draw: torch.Generator

    def normal(self, *sizes, scale=1.0):
        return scale * torch.randn(sizes, generator=self.draw)

    def generator(self):
        c = self.config
        dims = {"z_dim": c.z_dim, "c_dim": c.c_dim, "w_dim": c.w_dim}
        sizes = {"img_resolution": c.img_resolution, "img_channels": 3}
        num_ws = 2 * (c.img_resolution.bit_length() - 2)
        return Module(
            "Generator",
            {**dims, **sizes, "num_ws": num_ws},
            modules={
                "synthesis": self.synthesis({"w_dim": c.w_dim, **sizes, "num_ws": num_ws}),
                "mapping": self.mapping({**dims, "num_ws": num_ws}),
            },
        )

    def mapping(self, attributes):
        c, modules = self.config, {}
        n_in = c.z_dim
        if c.c_dim:
            modules["embed"] = self.linear(c.c_dim, c.w_dim)
            n_in += c.w_dim
        for i in range(c.num_layers):
            modules[f"fc{i}"] = self.linear(n_in, c.w_dim, c.lr_multiplier, activation="lrelu")
            n_in = c.w_dim
        attributes = {**attributes, "num_layers": c.num_layers, "w_avg_beta": 0.995}
        return Module("MappingNetwork", attributes, buffers={"w_avg": self.normal(c.w_dim)}, modules=modules)

    def synthesis(self, attributes):
        c, modules = self.config, {}
        sizes = [1 << i for i in range(2, c.img_resolution.bit_length())]
        n_in = 0
        for size in sizes:
            n_out = min(c.channel_base // size, c.channel_max)
            modules[f"b{size}"] = self.block(n_in, n_out, size, size == sizes[-1])
            n_in = n_out
        return Module("SynthesisNetwork", {**attributes, "block_resolutions": sizes}, modules=modules)

    def block(self, n_in, n_out, size, is_last):
        attributes = {
            "in_channels": n_in,
            "w_dim": self.config.w_dim,
            "resolution": size,
            "img_channels": 3,
            "is_last": is_last,
            "architecture": self.config.architecture,
            "use_fp16": is_last,
            "channels_last": False,
            "num_conv": 2 if n_in else 1,
            "num_torgb": 1,
        }
        parameters, modules = {}, {}
        if n_in:
            modules["conv0"] = self.layer(n_in, n_out, size, 2)
        else:
            parameters["const"] = self.normal(n_out, size, size)
        modules["conv1"] = self.layer(n_out, n_out, size, 1)
        if is_last or self.config.architecture == "skip":
            modules["torgb"] = Module(
                "ToRGBLayer",
                {"conv_clamp": self.config.conv_clamp, "weight_gain": 1 / np.sqrt(n_out)},
                {"weight": self.normal(3, n_out, 1, 1, scale=0.2), "bias": self.normal(3, scale=0.1)},
                modules={"affine": self.affine(n_out)},
            )
        return Module("SynthesisBlock", attributes, parameters, {"resample_filter": low_pass()}, modules)

    def layer(self, n_in, n_out, size, up):
        c = self.config
        attributes = {
            "resolution": size,
            "up": up,
            "use_noise": c.use_noise,
            "activation": "lrelu",
            "conv_clamp": c.conv_clamp,
            "padding": 1,
            "act_gain": SQRT2,
        }
        # Half precision keeps its weights with the channels last, and so does the pickle.
        weight = self.normal(n_out, n_in, 3, 3).contiguous(memory_format=torch.channels_last)
        parameters = {"weight": weight, "bias": self.normal(n_out, scale=0.3)}
        buffers = {"resample_filter": low_pass()}
        if c.use_noise:
            buffers["noise_const"] = self.normal(size, size)
            parameters["noise_strength"] = self.normal(scale=0.3)
        return Module("SynthesisLayer", attributes, parameters, buffers, {"affine": self.affine(n_in)})

    def affine(self, n_out):
        affine = self.linear(self.config.w_dim, n_out)
        affine.parameters["bias"] = 1 + 0.1 * affine.parameters["bias"]
        return affine

    def linear(self, n_in, n_out, lr_multiplier=1, activation="linear"):
        return Module(
            "FullyConnectedLayer",
            {
                "activation": activation,
                "weight_gain": lr_multiplier / np.sqrt(n_in),
                "bias_gain": lr_multiplier,
            },
            {
                "weight": self.normal(n_out, n_in, scale=1 / lr_multiplier),
                "bias": self.normal(n_out, scale=0.1 / lr_multiplier),
            },
        )


def low_pass():
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    return torch.outer(taps, taps) / 64


# Its forward pass


def mapped(generator, z, label=None):
    """``w [b, v]`` of ``z [b, z]`` and labels ``[b, c]``."""
    x = z / (z.square().mean(1, keepdim=True) + 1e-8).sqrt()
    if label is not None:
        y = linear(generator["mapping.embed"], label)
        x = torch.cat([x, y / (y.square().mean(1, keepdim=True) + 1e-8).sqrt()], 1)
    for i in range(generator["mapping.num_layers"]):
        x = biased(linear(generator[f"mapping.fc{i}"], x), torch.zeros(()), SQRT2, None)
    return x


def pictures(generator, w):
    """Pictures of ``w [b, l, v]`` with the fixed noise, in single precision."""
    return torch.cat([picture(generator, row) for row in w])


def picture(generator, w):
    """One picture of ``w [l, v]``."""
    x, image, row = None, None, 0
    for size in generator["synthesis.block_resolutions"]:
        block = generator[f"synthesis.b{size}"]
        if x is None:
            x = block["const"][None]
        else:
            x, row = synthesis_layer(block["conv0"], x, w[row]), row + 1
            if image is not None:
                padded = F.pad(zeros_between(image), (2, 1, 2, 1))
                image = filtered(padded, block["resample_filter"] * 4)
        x, row = synthesis_layer(block["conv1"], x, w[row]), row + 1
        if "torgb" not in block.modules:
            continue
        rgb = block["torgb"]
        style = linear(rgb["affine"], w[row][None])[0] * rgb["weight_gain"]
        y = F.conv2d(x, rgb["weight"] * style.view(1, -1, 1, 1).float())
        y = y + rgb["bias"].view(1, -1, 1, 1)
        y = y if rgb["conv_clamp"] is None else y.clamp(-rgb["conv_clamp"], rgb["conv_clamp"])
        image = y if image is None else image + y
    return image


def synthesis_layer(layer, x, w):
    style = linear(layer["affine"], w[None])[0]
    weight = layer["weight"] * style.view(1, -1, 1, 1)
    weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
    if layer["up"] == 2:
        # Padding for the filter of four taps and for the kernel of three, at once.
        x = filtered(F.pad(zeros_between(x), (3, 2, 3, 2)), layer["resample_filter"] * 4)
        # A convolution in the mathematical sense, where torch's correlates.
        x = F.conv2d(x, weight.flip(2, 3))
    else:
        x = F.conv2d(x, weight, padding=1)
    if layer["use_noise"]:
        x = x + layer["noise_const"] * layer["noise_strength"]
    return biased(x, layer["bias"].view(-1, 1, 1), SQRT2, layer["conv_clamp"])


def linear(layer, x):
    return x @ (layer["weight"] * float(layer["weight_gain"])).T + layer["bias"] * float(layer["bias_gain"])


def biased(x, bias, gain, clamp):
    x = x + bias
    x = torch.where(x > 0, x, 0.2 * x) * float(gain)
    return x if clamp is None else x.clamp(-clamp, clamp)


def zeros_between(x):
    b, c, h, w = x.shape
    larger = torch.zeros(b, c, 2 * h, 2 * w)
    larger[:, :, ::2, ::2] = x
    return larger


def filtered(x, kernel):
    return F.conv2d(x, kernel.flip(0, 1).expand(x.shape[1], 1, -1, -1), groups=x.shape[1])
