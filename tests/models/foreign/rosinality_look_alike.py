"""A StyleGAN2 as rosinality's stylegan2-pytorch keeps it, and its forward pass, written naively.

From the paper (Karras et al., CVPR 2020) and the public description of the state dict: grouped convolutions
with weights for each picture, transposed convolutions followed by a blur, and pictures upsampled by a filter
of their own.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

SIZE_PX, W_DIM, N_MAPPING = 32, 16, 3
CHANNELS = {4: 12, 8: 12, 16: 12, 32: 8}


def random_state(seed=0):
    """A state dict with random weights; biases and noise are not 0, so that each of them matters."""
    draw = torch.Generator().manual_seed(seed)

    def normal(*sizes, scale=1.0):
        return scale * torch.randn(sizes, generator=draw)

    def modulation(prefix, n_in):
        return {
            f"{prefix}.modulation.weight": normal(n_in, W_DIM),
            f"{prefix}.modulation.bias": 1 + normal(n_in, scale=0.1),
        }

    def styled(prefix, n_in, n_out):
        return {
            f"{prefix}.conv.weight": normal(1, n_out, n_in, 3, 3),
            **modulation(f"{prefix}.conv", n_in),
            f"{prefix}.noise.weight": normal(1, scale=0.3),
            f"{prefix}.activate.bias": normal(n_out, scale=0.3),
        }

    def to_rgb(prefix, n_in):
        return {
            f"{prefix}.bias": normal(1, 3, 1, 1, scale=0.1),
            f"{prefix}.conv.weight": normal(1, 3, n_in, 1, 1, scale=0.2),
            **modulation(f"{prefix}.conv", n_in),
        }

    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    kernel = torch.outer(taps, taps) / 64 * 4
    n_in = CHANNELS[4]
    state = {}
    for i in range(N_MAPPING):
        state |= {f"style.{i + 1}.weight": normal(W_DIM, W_DIM, scale=100)}
        state |= {f"style.{i + 1}.bias": normal(W_DIM, scale=10)}
    state |= {"input.input": normal(1, n_in, 4, 4)}
    state |= styled("conv1", n_in, n_in) | to_rgb("to_rgb1", n_in)
    for i, n_out in enumerate(list(CHANNELS.values())[1:]):
        state |= styled(f"convs.{2 * i}", n_in, n_out) | {f"convs.{2 * i}.conv.blur.kernel": kernel.clone()}
        state |= styled(f"convs.{2 * i + 1}", n_out, n_out)
        state |= to_rgb(f"to_rgbs.{i}", n_out) | {f"to_rgbs.{i}.upsample.kernel": kernel.clone()}
        n_in = n_out
    for i in range(2 * len(CHANNELS) - 1):
        side = 1 << (i + 5) // 2
        state[f"noises.noise_{i}"] = normal(1, 1, side, side)
    return state


def mapped(state, z):
    """``w [b, v]`` of ``z [b, v]``."""
    x = z / (z.pow(2).mean(1, keepdim=True) + 1e-8).sqrt()
    for i in range(N_MAPPING):
        weight, bias = state[f"style.{i + 1}.weight"], state[f"style.{i + 1}.bias"]
        x = x @ (weight * (0.01 / W_DIM**0.5)).T + bias * 0.01
        x = torch.where(x > 0, x, 0.2 * x) * 2**0.5
    return x


def pictures(state, w):
    """Pictures of ``w [b, l, v]`` with the fixed noise."""
    x = state["input.input"].repeat(len(w), 1, 1, 1)
    x = styled(state, "conv1", 0, x, w[:, 0])
    image = to_rgb(state, "to_rgb1", x, w[:, 1])
    for i in range(len(CHANNELS) - 1):
        row = 1 + 2 * i
        x = styled(state, f"convs.{2 * i}", 2 * i + 1, x, w[:, row])
        x = styled(state, f"convs.{2 * i + 1}", 2 * i + 2, x, w[:, row + 1])
        larger = zeros_between(image)
        larger = convolved(F.pad(larger, (2, 1, 2, 1)), state[f"to_rgbs.{i}.upsample.kernel"])
        image = to_rgb(state, f"to_rgbs.{i}", x, w[:, row + 2]) + larger
    return image


def styled(state, prefix, index, x, w):
    x = modulated(state, f"{prefix}.conv", x, w, demodulate=True)
    x = x + state[f"{prefix}.noise.weight"] * state[f"noises.noise_{index}"]
    x = x + state[f"{prefix}.activate.bias"].view(1, -1, 1, 1)
    return torch.where(x > 0, x, 0.2 * x) * 2**0.5


def to_rgb(state, prefix, x, w):
    return modulated(state, f"{prefix}.conv", x, w, demodulate=False) + state[f"{prefix}.bias"]


def modulated(state, prefix, x, w, demodulate):
    """One convolution with a group for each picture; where it has a blur, it upsamples."""
    b, n_in, side, _ = x.shape
    _, n_out, _, k, _ = state[f"{prefix}.weight"].shape
    style = w @ (state[f"{prefix}.modulation.weight"] / W_DIM**0.5).T + state[f"{prefix}.modulation.bias"]
    weight = state[f"{prefix}.weight"] / (n_in * k * k) ** 0.5 * style.view(b, 1, n_in, 1, 1)
    if demodulate:
        weight = weight / (weight.pow(2).sum((2, 3, 4), keepdim=True) + 1e-8).sqrt()
    x = x.reshape(1, b * n_in, side, side)
    if f"{prefix}.blur.kernel" not in state:
        x = F.conv2d(x, weight.reshape(b * n_out, n_in, k, k), padding=k // 2, groups=b)
        return x.view(b, n_out, side, side)
    weight = weight.transpose(1, 2).reshape(b * n_in, n_out, k, k)
    x = F.conv_transpose2d(x, weight, stride=2, groups=b).view(b, n_out, 2 * side + 1, 2 * side + 1)
    return convolved(F.pad(x, (1, 1, 1, 1)), state[f"{prefix}.blur.kernel"])


def zeros_between(x):
    b, c, h, w = x.shape
    larger = torch.zeros(b, c, 2 * h, 2 * w)
    larger[:, :, ::2, ::2] = x
    return larger


def convolved(x, kernel):
    """Every map with the same kernel, without padding."""
    flipped = kernel.flip(0, 1).expand(x.shape[1], 1, -1, -1)
    return F.conv2d(x, flipped, groups=x.shape[1])
