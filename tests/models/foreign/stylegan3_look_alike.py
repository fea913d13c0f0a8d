"""A StyleGAN3 as NVIDIA's repository pickles it, and its forward pass, written naively.

From the paper (Karras et al., NeurIPS 2021) and the public description of the format. Filters are of two
dimensions throughout, convolutions have weights of their own for each picture, and Bessel's function is
integrated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from tests.models.foreign.nvidia_look_alike import Module, linear


@dataclass
class Config:
    """Constructor arguments, as in the repository."""

    z_dim: int = 12
    c_dim: int = 0
    w_dim: int = 16
    img_resolution: int = 32
    num_layers: int = 4
    num_critical: int = 1
    margin_size: int = 3
    channel_base: int = 64
    channel_max: int = 8
    conv_kernel: int = 3
    use_radial_filters: bool = False
    conv_clamp: float | None = 256
    filter_size: int = 6
    lrelu_upsampling: int = 2
    num_mapping_layers: int = 2


def random_generator(config=None, seed=0):
    """A generator with random weights; biases and magnitudes are not 0 and 1, so that each matters."""
    c = config or Config()
    draw = torch.Generator().manual_seed(seed)

    def normal(*sizes, scale=1.0):
        return scale * torch.randn(sizes, generator=draw)

    def fully(n_in, n_out, rate=1, activation="linear", bias=0.0):
        return Module(
            "FullyConnectedLayer",
            {"activation": activation, "weight_gain": rate / np.sqrt(n_in), "bias_gain": rate},
            {
                "weight": normal(n_out, n_in, scale=1 / rate),
                "bias": bias + normal(n_out, scale=0.1 / rate),
            },
        )

    dims = {"z_dim": c.z_dim, "c_dim": c.c_dim, "w_dim": c.w_dim}
    sizes = {"img_resolution": c.img_resolution, "img_channels": 3}
    widths = [c.z_dim + (c.w_dim if c.c_dim else 0)] + [c.w_dim] * c.num_mapping_layers
    modules = {"embed": fully(c.c_dim, c.w_dim)} if c.c_dim else {}
    for i in range(c.num_mapping_layers):
        modules[f"fc{i}"] = fully(widths[i], c.w_dim, 0.01, "lrelu")
    mapping = Module(
        "MappingNetwork",
        {**dims, "num_layers": c.num_mapping_layers},
        buffers={"w_avg": normal(c.w_dim)},
        modules=modules,
    )

    layers = described(c)
    first = layers[0]
    entry = Module(
        "SynthesisInput",
        {
            "w_dim": c.w_dim,
            "channels": first["in_channels"],
            "size": first["in_size"],
            "sampling_rate": float(first["in_sampling_rate"]),
            "bandwidth": first["in_cutoff"],
        },
        {"weight": normal(first["in_channels"], first["in_channels"])},
        {
            "transform": torch.eye(3),
            "freqs": normal(first["in_channels"], 2, scale=2.0),
            "phases": normal(first["in_channels"]),
        },
        {"affine": fully(c.w_dim, 4)},
    )
    named = {}
    for i, layer in enumerate(layers):
        n_in, n_out, k = layer["in_channels"], layer["out_channels"], layer["conv_kernel"]
        named[f"L{i}_{layer['out_size'][0]}_{n_out}"] = Module(
            "SynthesisLayer",
            layer,
            {"weight": normal(n_out, n_in, k, k), "bias": normal(n_out, scale=0.3)},
            {
                "magnitude_ema": 0.5 + torch.rand((), generator=draw),
                "up_filter": low_pass(layer, "up", "in"),
                "down_filter": low_pass(layer, "down", "out"),
            },
            {"affine": fully(c.w_dim, n_in, bias=1.0)},
        )
    names = {"layer_names": list(named), "num_critical": c.num_critical, "output_scale": 0.25}
    synthesis = Module(
        "SynthesisNetwork", {"w_dim": c.w_dim, **sizes, **names}, modules={"input": entry, **named}
    )
    return Module("Generator", {**dims, **sizes}, modules={"synthesis": synthesis, "mapping": mapping})


def described(c):
    """What each layer says of itself."""
    n, size = c.num_layers, c.img_resolution
    shares = np.minimum(np.arange(n + 1) / (n - c.num_critical), 1)
    cutoffs = 2 * (size / 4) ** shares
    stops = 2**2.1 * (size / 2 * 2**0.3 / 2**2.1) ** shares
    rates = [int(2 ** np.ceil(np.log2(min(2 * stop, size)))) for stop in stops]
    half_widths = np.maximum(stops, np.array(rates) / 2) - cutoffs
    sides = [rate + 2 * c.margin_size for rate in rates]
    sides[-2:] = [size, size]
    channels = [int(np.rint(min(c.channel_base / 2 / cutoff, c.channel_max))) for cutoff in cutoffs]
    channels[-1] = 3
    layers = []
    for i in range(n + 1):
        j, is_rgb = max(i - 1, 0), i == n
        finest = max(rates[i], rates[j]) * (1 if is_rgb else c.lrelu_upsampling)
        layer = {
            "is_torgb": is_rgb,
            "in_channels": channels[j],
            "out_channels": channels[i],
            "in_size": np.array([sides[j]] * 2),
            "out_size": np.array([sides[i]] * 2),
            "in_sampling_rate": rates[j],
            "out_sampling_rate": rates[i],
            "tmp_sampling_rate": finest,
            "in_cutoff": cutoffs[j],
            "out_cutoff": cutoffs[i],
            "in_half_width": half_widths[j],
            "out_half_width": half_widths[i],
            "conv_kernel": 1 if is_rgb else c.conv_kernel,
            "conv_clamp": c.conv_clamp,
            "down_radial": c.use_radial_filters and i < n - c.num_critical,
        }
        for way, rate in (("up", rates[j]), ("down", rates[i])):
            factor = finest // rate
            layer[f"{way}_factor"] = factor
            layer[f"{way}_taps"] = c.filter_size * factor if factor > 1 and not is_rgb else 1
        layer["padding"] = padding(layer)
        layers.append(layer)
    return layers


def padding(layer):
    """So much that the result has its size, with what is too much in halves at both sides."""
    up, down = layer["up_factor"], layer["down_factor"]
    total = (layer["out_size"][0] - 1) * down + 1
    total -= (layer["in_size"][0] + layer["conv_kernel"] - 1) * up
    total += layer["up_taps"] + layer["down_taps"] - 2
    before = (int(total) + up) // 2
    return [before, int(total) - before] * 2


def low_pass(layer, way, at):
    n, rate = layer[f"{way}_taps"], layer["tmp_sampling_rate"]
    cutoff, half_width = layer[f"{at}_cutoff"], layer[f"{at}_half_width"]
    if n == 1:
        return None
    decibels = 2.285 * (n - 1) * np.pi * (2 * half_width / (rate / 2)) + 7.95
    if decibels > 50:
        beta = 0.1102 * (decibels - 8.7)
    else:
        beta = 0.5842 * max(decibels - 21, 0) ** 0.4 + 0.07886 * max(decibels - 21, 0)
    window = np.kaiser(n, beta)
    x = (np.arange(n) - (n - 1) / 2) / rate
    taps = np.sinc(2 * cutoff * x) * window
    if way == "down" and layer["down_radial"]:
        r = np.sqrt(x[:, None] ** 2 + x[None] ** 2)
        taps = bessel(2 * np.pi * cutoff * r) / r * window[:, None] * window[None]
    return torch.tensor(taps / taps.sum(), dtype=torch.float32)


def bessel(x):
    """J1, as Bessel's integral has it."""
    angles = (np.arange(2000) + 0.5) * np.pi / 2000
    return np.cos(angles - x[..., None] * np.sin(angles)).mean(-1)


def pictures(generator, w):
    """Pictures of ``w [b, l, v]``."""
    return torch.cat([picture(generator["synthesis"], rows) for rows in w])


def picture(synthesis, w):
    """One picture of ``w [l, v]``."""
    x = waves(synthesis["input"], w[0])
    for name, row in zip(synthesis["layer_names"], w[1:], strict=True):
        x = layer_of(synthesis[name], x, row)
    return x * synthesis["output_scale"]


def waves(entry, w):
    turn = linear(entry["affine"], w[None])[0]
    cos, sin, dx, dy = turn / math.hypot(turn[0], turn[1])
    side, rate = int(entry["size"][0]), entry["sampling_rate"]
    at = (torch.arange(side) + 0.5 - side / 2) / rate
    y, x = torch.meshgrid(at, at, indexing="ij")
    maps = []
    for (fx, fy), phase in zip(entry["freqs"], entry["phases"], strict=True):
        gx, gy = fx * cos + fy * sin, -fx * sin + fy * cos
        fade = 1 - (math.hypot(gx, gy) - entry["bandwidth"]) / (rate / 2 - entry["bandwidth"])
        fade = min(max(float(fade), 0.0), 1.0)
        maps.append(fade * torch.sin(2 * math.pi * (gx * (x - dx) + gy * (y - dy) + phase)))
    weight = entry["weight"] / len(maps) ** 0.5
    return torch.einsum("oc,chw->ohw", weight, torch.stack(maps))[None]


def layer_of(layer, x, w):
    style = linear(layer["affine"], w[None])[0]
    weight = layer["weight"]
    if layer["is_torgb"]:
        weight = weight * (style / weight[0].numel() ** 0.5).view(1, -1, 1, 1)
    else:
        weight = weight * style.view(1, -1, 1, 1)
        weight = weight / weight.square().sum((1, 2, 3), keepdim=True).sqrt()
    x = F.conv2d(x, weight / layer["magnitude_ema"].sqrt(), layer["bias"], padding=layer["conv_kernel"] - 1)
    clamp = layer["conv_clamp"] or math.inf
    if layer["is_torgb"]:
        return x.clamp(-clamp, clamp)
    up, down = layer["up_factor"], layer["down_factor"]
    apart = torch.zeros(1, x.shape[1], x.shape[2] * up, x.shape[3] * up)
    apart[:, :, ::up, ::up] = x
    x = filtered(F.pad(apart, layer["padding"]), layer["up_filter"]) * up**2
    x = torch.where(x > 0, x, 0.2 * x) * 2**0.5
    return filtered(x.clamp(-clamp, clamp), layer["down_filter"])[:, :, ::down, ::down]


def filtered(x, taps):
    if taps is None:
        return x
    kernel = taps if taps.ndim == 2 else torch.outer(taps, taps)
    return F.conv2d(x, kernel.flip(0, 1).expand(x.shape[1], 1, -1, -1), groups=x.shape[1])
