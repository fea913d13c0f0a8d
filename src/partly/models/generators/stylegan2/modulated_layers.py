"""Layers of StyleGAN2: equalised learning rates, and convolutions that a style modulates."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partly.models.generators.stylegan2.fir_resampling import downsampled, filtered, upsampled
from partly.models.winograd import conv_3x3

SLOPE = 0.2
GAIN = math.sqrt(2)
"""What keeps the variance of maps through a leaky ReLU of that slope, about."""
_EPSILON = 1e-8


def leaky(maps: Tensor) -> Tensor:
    """Leaky ReLU, scaled so that the variance of its input stays."""
    return F.leaky_relu(maps, SLOPE) * GAIN


def normed(values: Tensor) -> Tensor:
    """``[b, n]``, each row divided by the root of its mean square (Karras et al., ICLR 2018, section 4.2)."""
    return values * torch.rsqrt(values.square().mean(dim=1, keepdim=True) + _EPSILON)


def leaky_gained(maps: Tensor) -> Tensor:
    """:func:`leaky` of what was multiplied by :data:`GAIN` before, in the memory of ``maps``.

    A positive factor goes through a leaky ReLU as it is, so that it can be in weights, which are few.
    """
    return F.leaky_relu_(maps, SLOPE)


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
        gain: what the result is multiplied by; 0 or more.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        kernel_px: int = 3,
        *,
        down: bool = False,
        bias: bool = True,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_out, n_in, kernel_px, kernel_px))
        self.bias = nn.Parameter(torch.zeros(n_out)) if bias else None
        self.scale, self.down, self.gain = 1 / math.sqrt(n_in * kernel_px**2), down, gain

    def forward(self, maps: Tensor) -> Tensor:
        """``[b, n_in, h, w]`` to ``[b, n_out, h, w]``, or half of both sides."""
        weight = self.weight * (self.scale * self.gain)
        bias = self.bias if self.bias is None or self.gain == 1 else self.bias * self.gain
        padding_px = self.weight.shape[-1] // 2
        if not self.down:
            return _conv(maps, weight, bias)
        if padding_px == 0:
            # A 1x1 convolution commutes with the filter, and is cheaper behind it.
            return F.conv2d(downsampled(maps), weight, bias)
        # Filtering with one more pixel at each side leaves what a strided convolution without padding needs.
        return F.conv2d(filtered(maps, (padding_px + 1, padding_px + 1)), weight, bias, stride=2)


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
        """``[b, n_in, h, w]`` in the style ``w [b, v]`` to ``[b, n_out, h, w]``, or twice both sides."""
        maps, norms = self.before_norms(maps, w)
        return maps if norms is None else maps * norms

    def before_norms(self, maps: Tensor, w: Tensor) -> tuple[Tensor, Tensor | None]:
        """The maps before they are demodulated, and what they are to be multiplied by for that.

        Scaling the input channels and the output maps is the same as scaling the weights for each picture,
        and lets one convolution serve the batch. Pixels that are convolved alone are a product of matrices:
        weights of each picture are then cheaper than scaled maps.

        Returns:
            ``[b, n_out, h, w]``, or twice both sides, and ``[b, n_out, 1, 1]``; None: nothing is left to do.
        """
        style = self.style(w)
        scaled = style * self.scale
        if self.weight.shape[-1] == 1 and not self.up:
            weights = self.weight.flatten(1) * scaled[:, None]
            # Pixel by pixel, as maps and their slopes lie in training (channels last).
            maps = torch.bmm(maps.flatten(2).mT, weights.mT).mT.unflatten(2, maps.shape[2:])
        else:
            maps = self._convolved(maps * scaled[:, :, None, None])
        if not self.demodulate:
            return maps, None
        squares = self.weight.square().sum((2, 3)) * self.scale**2
        return maps, torch.rsqrt(style.square() @ squares.T + _EPSILON)[:, :, None, None]

    def _convolved(self, maps: Tensor) -> Tensor:
        weight, padding_px = self.weight, self.weight.shape[-1] // 2
        if not self.up:
            return _conv(maps, weight)
        if padding_px == 0:
            return upsampled(F.conv2d(maps, weight))
        # A transposed convolution sets the zeros and convolves at once: one pixel too many at each side,
        # which the filter, of four taps, uses up.
        apart = F.conv_transpose2d(maps, weight.flip(2, 3).transpose(0, 1), stride=2)
        return filtered(apart, (padding_px, padding_px), gain=4)


def _conv(maps: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """A convolution that keeps the size."""
    if weight.shape[-1] == 3:
        return conv_3x3(maps, weight, bias)
    return F.conv2d(maps, weight, bias, padding=weight.shape[-1] // 2)


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
        return maps + self.added(maps, random)

    def added(self, maps: Tensor, random: torch.Generator | None = None) -> Tensor:
        """What is added to ``maps [b, c, h, w]``: noise with its strength, ``[h, w]`` or ``[b, 1, h, w]``."""
        noise = self.constant
        if random is not None:
            noise = torch.randn(len(maps), 1, *maps.shape[2:], generator=random).to(maps)
        return self.strength * noise


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
        maps, norms = self.conv.before_norms(maps, w)
        assert norms is not None, "styled convolutions are demodulated"
        # Few passes over the maps, most in place: it is these that a processor waits for.
        maps = torch.addcmul(GAIN * self.bias[:, None, None], maps, GAIN * norms)
        maps = maps.add_(GAIN * self.noise.added(maps, random))
        return bounded(leaky_gained(maps), self.clamp)


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
