"""3x3 convolutions with a quarter of the multiplications, on a processor (Lavin and Gray, CVPR 2016).

Of a tile of 6x6 pixels a 3x3 kernel makes 4x4: Winograd's minimal filtering ``F(4x4, 3x3)``, equation 8 of
the paper, ``Y = A^T [(G g G^T) * (B^T d B)] A``. The products, summed over channels, are one product of
matrices for each of the 36 values of a tile: 36 multiplications in place of 144 for each pair of channels.
All around them is linear too, and done by small products of matrices. A few pictures are computed at a time,
so that what their tiles need stays in the cache.

Matrices follow from five points and infinity (Toom and Cook). The points 0, 1, -1, 1/2 and -2 (Barabasz et
al., TOMS 2020) leave two thirds of the rounding errors of the usual 0, 1, -1, 2 and -2: their root mean
square is 2.5 times that of a direct convolution in float32, some 2e-6 of results of unit variance.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

_TILE_PX, _STEP_PX = 6, 4
_N_TILES = 256
"""Tiles that are computed at a time: few enough for the cache, enough for a product of matrices."""
_LEAST_CHANNELS, _LEAST_PX = 128, 16
"""Where there are fewer, the transforms cost more than they save."""


def conv_3x3(maps: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """As ``F.conv2d(maps, weight, bias, padding=1)``, in the way that is fast where it runs.

    Derivatives of any order go through. Sums are in another order than those of ``F.conv2d``.

    Args:
        maps: ``[b, n_in, h, w]``.
        weight: ``[n_out, n_in, 3, 3]``.
        bias: ``[n_out]``.

    Returns:
        ``[b, n_out, h, w]``.
    """
    if not suits(maps, weight):
        return F.conv2d(maps, weight, bias, padding=1)
    found: Tensor = _Conv.apply(maps, weight, bias)
    return found


def suits(maps: Tensor, weight: Tensor) -> bool:
    """Whether tiles are faster: many channels of float32, channels last, of whole tiles, on a processor."""
    return (
        maps.device.type == "cpu"
        and maps.dtype == weight.dtype == torch.float32
        and not torch.is_autocast_enabled("cpu")
        and min(weight.shape[:2]) >= _LEAST_CHANNELS
        and all(side % _STEP_PX == 0 and side >= _LEAST_PX for side in maps.shape[2:])
        and maps.is_contiguous(memory_format=torch.channels_last)
    )


class _Conv(torch.autograd.Function):
    """Maps, weight and bias to maps. It is linear in maps and weight, and so are its derivatives."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """``[b, n_out, h, w]``, channels last."""
        ctx.save_for_backward(maps, weight)
        return _convolved(maps, weight, bias)

    @staticmethod
    def backward(ctx: Any, slopes: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        """Slopes for maps, weight and bias, as far as they are wanted."""
        maps, weight = ctx.saved_tensors
        slopes = slopes.contiguous(memory_format=torch.channels_last)
        for_maps, for_weight, for_bias = ctx.needs_input_grad
        return (
            _Conv.apply(slopes, _turned(weight), None) if for_maps else None,
            _WeightSlopes.apply(maps, slopes) if for_weight else None,
            slopes.sum((0, 2, 3)) if for_bias else None,
        )


class _WeightSlopes(torch.autograd.Function):
    """Maps and the slopes of what they are convolved to, to slopes of the weight ``[n_out, n_in, 3, 3]``."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, slopes: Tensor) -> Tensor:
        """Linear in both."""
        ctx.save_for_backward(maps, slopes)
        return _weight_slopes(maps, slopes)

    @staticmethod
    def backward(ctx: Any, seconds: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Slopes for the maps and for their slopes, as far as they are wanted."""
        maps, slopes = ctx.saved_tensors
        return (
            _Conv.apply(slopes, _turned(seconds), None) if ctx.needs_input_grad[0] else None,
            _Conv.apply(maps, seconds, None) if ctx.needs_input_grad[1] else None,
        )


def _turned(weight: Tensor) -> Tensor:
    """The weight of the transpose of a convolution."""
    return weight.flip(2, 3).transpose(0, 1)


def _convolved(maps: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    to_result, to_kernel, to_values = _matrices()
    (b, n_in, height, width), n_out = maps.shape, len(weight)
    kernel = (to_kernel @ weight.permute(2, 3, 0, 1).reshape(9, -1)).view(-1, n_out, n_in)
    found = torch.empty(
        (b, n_out, height, width), dtype=maps.dtype, device=maps.device, memory_format=torch.channels_last
    )
    of_pixels = found.permute(0, 2, 3, 1)
    for part, tiles in _tiles(maps):
        values = (to_values @ tiles).view(len(to_values), -1, n_in)
        made = to_result @ torch.bmm(values, kernel.mT).flatten(1)
        wanted = _squares(of_pixels[part])
        if bias is None:
            wanted.copy_(made.view(wanted.shape))
        else:
            torch.add(made.view(wanted.shape), bias, out=wanted)
    return found


def _weight_slopes(maps: Tensor, slopes: Tensor) -> Tensor:
    to_result, to_kernel, to_values = _matrices()
    n_in, n_out = maps.shape[1], slopes.shape[1]
    of_pixels = slopes.permute(0, 2, 3, 1)
    total = maps.new_zeros(len(to_values), n_out, n_in)
    for part, tiles in _tiles(maps):
        values = (to_values @ tiles).view(len(to_values), -1, n_in)
        of_tiles = to_result.T @ _squares(of_pixels[part]).reshape(len(to_result), -1)
        total.baddbmm_(of_tiles.view(len(to_values), -1, n_out).mT, values)
    kernel = (to_kernel.T @ total.flatten(1)).view(3, 3, n_out, n_in)
    return kernel.permute(2, 0, 1, 3).contiguous().permute(0, 3, 1, 2)


def _tiles(maps: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Groups of pictures in turn: which pictures they are, and their tiles ``[36, n_tiles * c]``.

    Around each picture there is a border of zeros.
    """
    b, n_channels, height, width = maps.shape
    n = max(1, min(b, _N_TILES * _STEP_PX**2 // (height * width)))
    of_pixels = maps.permute(0, 2, 3, 1)
    framed = maps.new_zeros(n, height + 2, width + 2, n_channels)
    for first in range(0, b, n):
        part = slice(first, min(first + n, b))
        some = framed[: part.stop - part.start]
        some[:, 1:-1, 1:-1] = of_pixels[part]
        tiles = some.unfold(1, _TILE_PX, _STEP_PX).unfold(2, _TILE_PX, _STEP_PX)
        yield part, tiles.permute(4, 5, 0, 1, 2, 3).reshape(_TILE_PX**2, -1)


def _squares(of_pixels: Tensor) -> Tensor:
    """``[n, h, w, c]`` seen as ``[4, 4, n, h / 4, w / 4, c]``: what is made of each tile."""
    apart = of_pixels.unflatten(1, (-1, _STEP_PX)).unflatten(3, (-1, _STEP_PX))
    return apart.permute(2, 4, 0, 1, 3, 5)


@cache
def _matrices() -> tuple[Tensor, Tensor, Tensor]:
    """``A^T`` ``[16, 36]``, ``G`` ``[36, 9]`` and ``B^T`` ``[36, 36]``, each of both axes at once.

    Values of polynomials at the points and at infinity (their highest coefficient) are multiplied; ``B^T``
    is the inverse of taking values, transposed. Its rows are brought near 1 by powers of two, which is exact,
    and those of ``G`` make up for it.
    """
    with torch.inference_mode(False):
        points = torch.tensor([0, 1, -1, 0.5, -2], dtype=torch.float64, device="cpu")

        def values(n: int) -> Tensor:
            """``[6, n]``: the values of ``1, x, x^2, ...`` at the points."""
            powers = points.new_zeros(_TILE_PX, n)
            powers[:-1] = points[:, None] ** torch.arange(n, device="cpu")
            powers[-1, -1] = 1
            return powers

        to_values = torch.linalg.inv(values(_TILE_PX)).T
        sizes = to_values.abs().amax(1, keepdim=True).log2().round().exp2()
        one_axis = (values(_STEP_PX).T, values(3) * sizes, to_values / sizes)
        to_result, to_kernel, to_values = (torch.kron(matrix, matrix).float() for matrix in one_axis)
        return to_result, to_kernel, to_values
