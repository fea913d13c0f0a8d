"""Affine maps of pictures without aliasing (Karras et al., NeurIPS 2020, appendix B).

The picture, continued beyond its border by reflection, is made twice as fine with the wavelet filter sym6,
read off bilinearly, and made coarse again with the same filter. The filter is orthogonal, so a map that
moves nothing gives back what it was given. It is not quite symmetric, so that it shifts pictures a little;
the places that are read are shifted alike, hence a rotation turns about the middle.

All of it is linear in the picture, and is written as products with matrices, which hold the reflection too.
A map that does not rotate acts on rows and columns by themselves: then all of it is one matrix for each.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

SYM6 = (
    0.015404109327027373,
    0.0034907120842174702,
    -0.11799011114819057,
    -0.048311742585633,
    0.4910559419267466,
    0.787641141030194,
    0.3379294217276218,
    -0.07263752278646252,
    -0.021060292512300564,
    0.04472490177066578,
    0.0017677118642428036,
    -0.007800708325034148,
)
"""The orthogonal low-pass filter of Daubechies' least asymmetric wavelet with six vanishing moments."""

MARGIN_PX = 3
"""How far beyond its border a picture is made fine: as far as the filter looks from a border pixel."""

_DELAY = sum(n * tap for n, tap in enumerate(SYM6)) / sum(SYM6)
# Value k of a fine line stands at (k - delay) / 2 pixels; the first that is kept is left of the margin's end.
_FIRST = math.floor(_DELAY) - 2 * MARGIN_PX


def folded(places: Tensor, size: int, beyond: int = 0) -> Tensor:
    """Places reflected about the first and the last of ``size`` pixels (2 or more) until they are inside.

    Those up to ``beyond`` pixels outside may stay; which do is the same for places a whole round apart.
    """
    last = size - 1
    places = (places + beyond).remainder(2 * last) - beyond
    return torch.where(places > last + beyond, 2 * last - places, places)


def doubling(size: int, like: Tensor) -> Tensor:
    """``[2 size + 4 margins, size]``: a line of pixels to one twice as fine, with its margins.

    Row ``r`` gives what stands at ``(r + first - delay) / 2``; for straight lines, exactly. As the other
    matrices here it is of the precision, and on the device, of ``like``.
    """
    fine = torch.arange(_FIRST, _FIRST + 2 * size + 4 * MARGIN_PX, device=like.device)[:, None]
    taps = torch.arange(len(SYM6) // 2, device=like.device)
    values = math.sqrt(2) * like.new_tensor(SYM6)[fine % 2 + 2 * taps]
    return like.new_zeros(len(fine), size).scatter_add_(1, folded(fine // 2 - taps, size), values)


def halving(size: int, like: Tensor) -> Tensor:
    """``[size, 2 size + 10]``: from a line twice as fine, at :func:`fine_places`, to ``size`` pixels."""
    n_taps = len(SYM6)
    columns = 2 * torch.arange(size, device=like.device)[:, None] + torch.arange(n_taps, device=like.device)
    values = like.new_tensor(SYM6).expand(size, -1) / math.sqrt(2)
    return like.new_zeros(size, 2 * size + n_taps - 2).scatter_(1, columns, values)


def fine_places(size: int) -> Tensor:
    """``[2 size + 10]``: where, in pixels, the values stand that :func:`halving` takes; double precision."""
    return (torch.arange(2 * size + len(SYM6) - 2, dtype=torch.float64) - _DELAY) / 2


def fine_rows(places: Tensor, size: int) -> Tensor:
    """Places in pixels, anywhere, to rows of :func:`doubling`, with fractions; all have a row after them."""
    return 2 * folded(places, size, MARGIN_PX) + (_DELAY - _FIRST)


def whole_lines(scales: Tensor, offsets: Tensor, size: int, like: Tensor) -> Tensor:
    """As :func:`smooth_lines`, for scales of 1 and -1 and offsets of whole pixels, and exact."""
    places = scales[:, None] * torch.arange(size) + offsets[:, None]
    return F.one_hot(folded(places.round().long(), size).to(like.device), size).to(like)


def smooth_lines(scales: Tensor, offsets: Tensor, size: int, like: Tensor) -> Tensor:
    """Matrices ``[k, size, size]`` that put at ``t`` of a line of pixels what was at ``scale * t + offset``.

    Args:
        scales: ``[k]``, of double precision.
        offsets: ``[k]`` in pixels, of double precision.
        size: of the lines, in pixels.
        like: has the precision of the result, and is on its device.
    """
    rows = fine_rows(scales[:, None] * fine_places(size) + offsets[:, None], size)
    before = rows.floor()
    shares = (rows - before).unsqueeze(2).to(like)
    fine, before = doubling(size, like), before.long().to(like.device)
    return halving(size, like) @ torch.lerp(fine[before], fine[before + 1], shares)


def along_lines(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """``rows @ image @ columns^T`` for all channels.

    Args:
        images: ``[k, c, h, w]``.
        rows: ``[k, h', h]`` or ``[h', h]``.
        columns: ``[k, w', w]`` or ``[w', w]``.
    """
    if rows.ndim == 3:
        rows, columns = rows.unsqueeze(1), columns.unsqueeze(1)
    return rows @ (images @ columns.mT)


def resampled(images: Tensor, matrices: Tensor) -> Tensor:
    """Images moved by any affine maps.

    Args:
        images: ``[k, c, h, w]``.
        matrices: ``[k, 2, 3]``, from places ``(x, y, 1)`` in the result to places in the image, in pixels
            from the middle.
    """
    height, width = images.shape[2:]
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    x = (fine_places(width) - middle_x).to(images)
    y = (fine_places(height) - middle_y).to(images)[:, None]
    a, b, c, d, e, f = matrices.to(images).flatten(1).T[:, :, None, None]
    from_x = fine_rows(a * x + (b * y + (c + middle_x)), width)
    from_y = fine_rows(d * x + (e * y + (f + middle_y)), height)
    fine = along_lines(images, doubling(height, images), doubling(width, images))
    # From -1 at the first value to 1 at the last.
    grid = torch.stack((from_x * (2 / (fine.shape[3] - 1)) - 1, from_y * (2 / (fine.shape[2] - 1)) - 1), -1)
    return along_lines(_Read.apply(fine, grid), halving(height, images), halving(width, images))


_BILINEAR, _BORDER = 0, 1


class _Read(torch.autograd.Function):
    """Bilinear values of ``maps [k, c, h, w]`` on ``grid [k, h', w', 2]``, as ``F.grid_sample``.

    That has no second derivatives, which gradient penalties take. But it is linear in the maps: its
    derivative is its transpose, whose derivative is itself. Grids get no gradients.
    """

    @staticmethod
    def forward(ctx: Any, maps: Tensor, grid: Tensor) -> Tensor:
        """Values ``[k, c, h', w']``."""
        ctx.save_for_backward(grid)
        ctx.size = maps.shape[2:]
        return F.grid_sample(maps, grid, mode="bilinear", padding_mode="border", align_corners=True)

    @staticmethod
    def backward(ctx: Any, slopes: Tensor) -> tuple[Tensor, None]:
        """Slopes for the maps, none for the grid."""
        [grid] = ctx.saved_tensors
        return _Spread.apply(slopes, grid, ctx.size), None


class _Spread(torch.autograd.Function):
    """The transpose of :class:`_Read`: values at the places of the grid, spread over maps of ``size``."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, grid: Tensor, size: torch.Size) -> Tensor:
        """Maps ``[k, c, *size]``."""
        ctx.save_for_backward(grid)
        # Only the shape of the maps matters.
        maps = values.new_zeros(()).expand(*values.shape[:2], *size)
        return torch.ops.aten.grid_sampler_2d_backward(
            values, maps, grid, _BILINEAR, _BORDER, True, (True, False)
        )[0]

    @staticmethod
    def backward(ctx: Any, slopes: Tensor) -> tuple[Tensor, None, None]:
        """Slopes for the values, none for the grid."""
        [grid] = ctx.saved_tensors
        return _Read.apply(slopes, grid), None, None
