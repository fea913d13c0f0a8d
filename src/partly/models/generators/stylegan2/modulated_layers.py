"""Layers of StyleGAN2: equalised learning rates, and convolutions that a style modulates."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partly.models.generators.stylegan2.fir_resampling import downsampled, filtered, upsampled

SLOPE = 0.2
_GAIN = math.sqrt(2)
_EPSILON = 1e-8


def leaky(maps: Tensor) -> Tensor:
    """Leaky ReLU, scaled so that the variance of its input stays."""
    return F.leaky_relu(maps, SLOPE) * _GAIN


def normed(values: Tensor) -> Tensor:
    """``[b, n]``, each row divided by the root of its mean square (Karras et al., ICLR 2018, section 4.2)."""
    return values * torch.rsqrt(values.square().mean(dim=1, keepdim=True) + _EPSILON)


def bounded(maps: Tensor, clamp: float | None) -> Tensor:
    """``maps`` held within [-clamp, clamp]; None leaves them alone."""
    return maps if clamp is None else maps.clamp(-clamp, clamp)


class EqualisedLinear(nn.Module):
    """A linear layer whose weights are scaled where they are used (Karras et al., ICLR 2018, section 4.1).

    Args:
        n_in: values in.
        n_out: values out.
        bias: what the biases begin with.
        rate: factor of the learning rate of weights and biases.
    """

    def __init__(self, n_in: int, n_out: int, *, bias: float = 0.0, rate: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_out, n_in) / rate)
        self.bias = nn.Parameter(torch.full((n_out,), bias / rate))
        self.scale, self.rate = rate / math.sqrt(n_in), rate

    def forward(self, values: Tensor) -> Tensor:
        """``[b, n_in]`` to ``[b, n_out]``."""
        return F.linear(values, self.weight * self.scale, self.bias * self.rate)


class EqualisedConv(nn.Module):
    """A convolution with equalised learning rate, then resampling of the maps by FIR where asked for.

    Args:
        n_in: channels in.
        n_out: channels out.
        kernel_px: side of the kernel, odd.
        down: halve the size, filtering first.
        bias: whether there is one.
    """

    def __init__(
        self, n_in: int, n_out: int, kernel_px: int = 3, *, down: bool = False, bias: bool = True
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_out, n_in, kernel_px, kernel_px))
        self.bias = nn.Parameter(torch.zeros(n_out)) if bias else None
        self.scale, self.down = 1 / math.sqrt(n_in * kernel_px**2), down

    def forward(self, maps: Tensor) -> Tensor:
        """``[b, n_in, h, w]`` to ``[b, n_out, h, w]``, or half of both sides."""
        weight = self.weight * self.scale
        padding_px = self.weight.shape[-1] // 2
        if not self.down:
            return F.conv2d(maps, weight, self.bias, padding=padding_px)
        if padding_px == 0:
            # A 1x1 convolution commutes with the filter, and is cheaper behind it.
            return F.conv2d(downsampled(maps), weight, self.bias)
        # Filtering with one more pixel at each side leaves what a strided convolution without padding needs.
        return F.conv2d(filtered(maps, (padding_px + 1, padding_px + 1)), weight, self.bias, stride=2)


class ModulatedConv(nn.Module):
    """A convolution with styles and demodulation (Karras et al., CVPR 2020, equations 1 to 3).

    Args:
        w_dim: length of ``w``.
        n_in: channels in.
        n_out: channels out.
        kernel_px: side of the kernel, odd.
        up: double the size, filtering afterwards.
        demodulate: bring every output map back to unit variance.
    """

    def __init__(
        self,
        w_dim: int,
        n_in: int,
        n_out: int,
        kernel_px: int = 3,
        *,
        up: bool = False,
        demodulate: bool = True,
    ) -> None:
        super().__init__()
        self.style = EqualisedLinear(w_dim, n_in, bias=1.0)
        self.weight = nn.Parameter(torch.randn(n_out, n_in, kernel_px, kernel_px))
        self.scale = 1 / math.sqrt(n_in * kernel_px**2)
        self.up, self.demodulate = up, demodulate

    def forward(self, maps: Tensor, w: Tensor) -> Tensor:
        """``[b, n_in, h, w]`` in the style ``w [b, v]`` to ``[b, n_out, h, w]``, or twice both sides.

        Scaling the input channels and the output maps is the same as scaling the weights for each picture,
        and lets one convolution serve the batch.
        """
        style = self.style(w)
        weight = self.weight * self.scale
        maps = maps * style[:, :, None, None]
        maps = self._convolved(maps, weight)
        if self.demodulate:
            squares = weight.square().sum((2, 3))
            maps = maps * torch.rsqrt(style.square() @ squares.T + _EPSILON)[:, :, None, None]
        return maps

    def _convolved(self, maps: Tensor, weight: Tensor) -> Tensor:
        padding_px = weight.shape[-1] // 2
        if not self.up:
            return F.conv2d(maps, weight, padding=padding_px)
        if padding_px == 0:
            return upsampled(F.conv2d(maps, weight))
        # A transposed convolution sets the zeros and convolves at once: one pixel too many at each side,
        # which the filter, of four taps, uses up.
        apart = F.conv_transpose2d(maps, weight.transpose(0, 1).flip(2, 3), stride=2)
        return filtered(apart, (padding_px, padding_px), gain=4)


class Noise(nn.Module):
    """One map of noise, the same for all pictures, added with a learned strength.

    During training the noise may be fresh for each picture; the generator is deterministic otherwise.
    """

    constant: Tensor

    def __init__(self, size_px: int) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("constant", torch.randn(size_px, size_px))

    def forward(self, maps: Tensor, random: torch.Generator | None = None) -> Tensor:
        """``[b, c, h, w]`` with noise; ``random`` draws it anew for each picture."""
        noise = self.constant
        if random is not None:
            noise = torch.randn(len(maps), 1, *maps.shape[2:], generator=random).to(maps)
        return maps + self.strength * noise


class StyledConv(nn.Module):
    """Modulated 3x3 convolution, noise, bias, leaky ReLU.

    Args:
        w_dim: length of ``w``.
        n_in: channels in.
        n_out: channels out.
        size_px: side of the result.
        up: double the size.
        clamp: bound on the result, either side of 0.
    """

    def __init__(
        self,
        w_dim: int,
        n_in: int,
        n_out: int,
        size_px: int,
        *,
        up: bool = False,
        clamp: float | None = None,
    ) -> None:
        super().__init__()
        self.conv = ModulatedConv(w_dim, n_in, n_out, up=up)
        self.noise = Noise(size_px)
        self.bias = nn.Parameter(torch.zeros(n_out))
        self.clamp = clamp

    def forward(self, maps: Tensor, w: Tensor, random: torch.Generator | None = None) -> Tensor:
        """``[b, n_in, h, w]`` in the style ``w [b, v]`` to ``[b, n_out, size_px, size_px]``."""
        maps = self.noise(self.conv(maps, w), random) + self.bias[:, None, None]
        return bounded(leaky(maps), self.clamp)


class ToRGB(nn.Module):
    """Modulated 1x1 convolution to RGB, without demodulation (Karras et al., CVPR 2020, section 4.1)."""

    def __init__(self, w_dim: int, n_in: int, *, clamp: float | None = None) -> None:
        super().__init__()
        self.conv = ModulatedConv(w_dim, n_in, 3, 1, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(3))
        self.clamp = clamp

    def forward(self, maps: Tensor, w: Tensor) -> Tensor:
        """``[b, n_in, h, w]`` in the style ``w [b, v]`` to ``[b, 3, h, w]``."""
        return bounded(self.conv(maps, w) + self.bias[:, None, None], self.clamp)
