"""Layers of StyleGAN3: the input of waves, and convolutions whose leaky ReLU makes no aliases."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partly.models.generators.stylegan2.modulated_layers import EqualisedLinear, bounded, leaky, normed
from partly.models.generators.stylegan3.alias_free_filters import downsampled, low_pass, upsampled
from partly.models.generators.stylegan3.stylegan3_shape import LayerShape, StyleGAN3Shape

_EPSILON = 1e-8


class FourierInput(nn.Module):
    """Waves of random frequencies, turned and shifted as ``w`` says (Karras et al., 2021, section 3.1).

    Args:
        shape: of the generator; the waves are sampled like the maps of its first layer.
    """

    freqs: Tensor
    phases: Tensor
    transform: Tensor

    def __init__(self, shape: StyleGAN3Shape) -> None:
        super().__init__()
        n_channels = shape.channels[0]
        self.size_px, self.rate, self.bandwidth = shape.sizes[0], shape.rates[0], shape.cutoffs[0]
        self.affine = EqualisedLinear(shape.w_dim, 4)
        # Neither turned nor shifted, to begin with.
        self.affine.weight.data.zero_()
        self.affine.bias.data[0] = 1
        self.weight = nn.Parameter(torch.randn(n_channels, n_channels))
        # Evenly within the circle of the highest frequency.
        angles, radii = torch.rand(n_channels) * (2 * math.pi), torch.rand(n_channels).sqrt() * self.bandwidth
        self.register_buffer("freqs", torch.stack([angles.cos(), angles.sin()], 1) * radii[:, None])
        self.register_buffer("phases", torch.rand(n_channels) - 0.5)
        self.register_buffer("transform", torch.eye(3))

    def forward(self, w: Tensor) -> Tensor:
        """``[b, c, s, s]`` of ``w [b, v]``."""
        freqs, phases = self._waves(w)
        # Waves that turning and shifting brought near what the samples can hold are faded out.
        lengths = freqs.norm(dim=2)
        amplitudes = (1 - (lengths - self.bandwidth) / (self.rate / 2 - self.bandwidth)).clamp(0, 1)
        half = 0.5 * self.size_px / self.rate
        places = (torch.arange(self.size_px, dtype=w.dtype, device=w.device) * 2 + 1) / self.size_px - 1
        places = places * half
        x, y = freqs[:, :, 0, None, None] * places, freqs[:, :, 1, None, None] * places[:, None]
        waves = torch.sin((x + y + phases[:, :, None, None]) * (2 * math.pi)) * amplitudes[:, :, None, None]
        weight = self.weight / math.sqrt(len(self.weight))
        return torch.einsum("oc,bchw->bohw", weight, waves)

    def _waves(self, w: Tensor) -> tuple[Tensor, Tensor]:
        """Frequencies ``[b, c, 2]`` and phases ``[b, c]`` of the waves for ``w [b, v]``."""
        turn = self.affine(w)
        turn = turn / turn[:, :2].norm(dim=1, keepdim=True)
        cos, sin, shift_x, shift_y = turn.unbind(1)
        nought, one = torch.zeros_like(cos), torch.ones_like(cos)
        turned = torch.stack([cos, -sin, nought, sin, cos, nought, nought, nought, one], 1).view(-1, 3, 3)
        shifted = torch.stack([one, nought, -shift_x, nought, one, -shift_y, nought, nought, one], 1)
        moved = turned @ shifted.view(-1, 3, 3) @ self.transform
        return self.freqs @ moved[:, :2, :2], self.phases + (self.freqs @ moved[:, :2, 2:]).squeeze(2)


class AliasFreeLayer(nn.Module):
    """Modulated convolution, then leaky ReLU of the signal sampled finer (section 3.2, figure 4b).

    The last layer of a generator makes the picture: it neither demodulates nor has a leaky ReLU.

    Args:
        w_dim: length of ``w``.
        shape: of this layer.
        clamp: bound on the result, either side of 0.
    """

    magnitude: Tensor
    up_filter: Tensor
    down_filter: Tensor

    def __init__(self, w_dim: int, shape: LayerShape, clamp: float | None) -> None:
        super().__init__()
        self.shape, self.clamp, self.is_rgb = shape, clamp, shape.n_taps == 0
        kernel = (shape.n_out, shape.n_in, shape.kernel_px, shape.kernel_px)
        self.affine = EqualisedLinear(w_dim, shape.n_in, bias=1.0)
        self.weight = nn.Parameter(torch.randn(kernel))
        self.bias = nn.Parameter(torch.zeros(shape.n_out))
        # Mean square of what came in while it was trained: all of it is scaled to unit variance.
        self.register_buffer("magnitude", torch.ones(()))
        for name, taps in filters_of(shape).items():
            self.register_buffer(name, taps, persistent=False)

    def forward(self, maps: Tensor, w: Tensor) -> Tensor:
        """``[b, n_in, s, s]`` in the style ``w [b, v]`` to ``[b, n_out, t, t]``."""
        maps = self._convolved(maps, w) + self.bias[:, None, None]
        if self.is_rgb:
            return bounded(maps, self.clamp)
        maps = upsampled(maps, self.up_filter, self.shape.up, self.shape.padding)
        return downsampled(bounded(leaky(maps), self.clamp), self.down_filter, self.shape.down)

    def _convolved(self, maps: Tensor, w: Tensor) -> Tensor:
        """The modulated convolution, with all pixels that its kernel reaches."""
        style = self.affine(w)
        gain = self.magnitude.rsqrt()
        padding_px = self.shape.kernel_px - 1
        if self.is_rgb:
            style = style / math.sqrt(self.shape.n_in * self.shape.kernel_px**2)
            return F.conv2d(maps * (style * gain)[:, :, None, None], self.weight, padding=padding_px)
        weight = self.weight * self.weight.square().mean((1, 2, 3), keepdim=True).rsqrt()
        style = normed(style)
        scale = torch.rsqrt(style.square() @ weight.square().sum((2, 3)).T + _EPSILON) * gain
        maps = F.conv2d(maps * style[:, :, None, None], weight, padding=padding_px)
        return maps * scale[:, :, None, None]


def filters_of(shape: LayerShape) -> dict[str, Tensor]:
    """The filters of a layer's resampling, by name; a single 1 where there is none."""
    up, down = torch.ones(1), torch.ones(1)
    if shape.up_taps > 1:
        up = low_pass(shape.up_taps, shape.cutoffs[0], shape.half_widths[0], shape.rates[1])
    if shape.down_taps > 1:
        down = low_pass(
            shape.down_taps, shape.cutoffs[1], shape.half_widths[1], shape.rates[1], radial=shape.radial
        )
    return {"up_filter": up, "down_filter": down}
