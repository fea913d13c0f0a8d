"""Boundaries of parts that follow the edges of the photo."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

# Above and on the diagonal of a symmetric matrix of 3 rows, by row: (0, 0), (0, 1), (0, 2), (1, 1), ...
_PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


def guided_filter(guide: Tensor, maps: Tensor, radius_px: int, epsilon: float) -> Tensor:
    """Maps as local affine functions of a colour photo (He, Sun and Tang, ECCV 2010, equations 19 to 21).

    In every window the maps are fitted by ``a . guide + b`` in least squares, with ``epsilon`` on ``|a|^2``;
    each pixel gets the mean of what the windows around it say. Windows end at the border.

    Args:
        guide: the photo ``[3, h, w]``, in [0, 1].
        maps: ``[k, h, w]``, such as probabilities of parts; where they add up to 1, the result does so too.
        radius_px: windows have ``2 * radius_px + 1`` pixels a side.
        epsilon: variances well above it, in squares of the guide's unit, count as edges.

    Returns:
        ``[k, h, w]``; values may lie a little outside of those given.
    """
    n_parts = len(maps)
    products = torch.stack([guide[i] * guide[j] for i, j in _PAIRS])
    crossed = (guide[:, None] * maps[None]).flatten(0, 1)
    means = _window_means(torch.cat([guide, maps, products, crossed]), radius_px)
    mean_guide, mean_maps, mean_products, mean_crossed = means.split([3, n_parts, len(_PAIRS), 3 * n_parts])
    variances = torch.stack(
        [
            mean - mean_guide[i] * mean_guide[j] + (epsilon if i == j else 0)
            for (i, j), mean in zip(_PAIRS, mean_products, strict=True)
        ]
    )
    covariances = mean_crossed.unflatten(0, (3, n_parts)) - mean_guide[:, None] * mean_maps[None]
    slopes = _solved(variances, covariances)
    offsets = mean_maps - (slopes * mean_guide[:, None]).sum(0)
    smooth = _window_means(torch.cat([slopes.flatten(0, 1), offsets]), radius_px)
    mean_slopes, mean_offsets = smooth.split([3 * n_parts, n_parts])
    return (mean_slopes.unflatten(0, (3, n_parts)) * guide[:, None]).sum(0) + mean_offsets


def _window_means(maps: Tensor, radius_px: int) -> Tensor:
    """Means of ``[c, h, w]`` over the pixels of each window that lie within the photo."""
    side = 2 * radius_px + 1
    # Rows, then columns: twice as fast, and windows at the border are rectangles, so that it is the same.
    for kernel, padding in (((side, 1), (radius_px, 0)), ((1, side), (0, radius_px))):
        maps = F.avg_pool2d(maps, kernel, stride=1, padding=padding, count_include_pad=False)
    return maps


def _solved(symmetric: Tensor, right: Tensor) -> Tensor:
    """``x [3, k, h, w]`` of ``A x = right`` at each pixel, by cofactors; ``A`` is given as ``[6, h, w]``."""
    a, b, c, d, e, f = symmetric
    cofactors = (d * f - e * e, c * e - b * f, b * e - c * d, a * f - c * c, b * c - a * e, a * d - b * b)
    determinant = a * cofactors[0] + b * cofactors[1] + c * cofactors[2]
    p, q, r, s, t, u = (one / determinant for one in cofactors)
    x, y, z = right
    return torch.stack([p * x + q * y + r * z, q * x + s * y + t * z, r * x + t * y + u * z])


# Wider windows eat small parts; docs/lab.md has the figures.
_RADIUS_SHARE = 1 / 128
_EPSILON = 1e-3
_LEAST = 1e-6


def refined(logits: Tensor, pixels: NDArray[np.uint8]) -> Tensor:
    """Logits ``[k, h, w]`` whose probabilities went through the guided filter; see :func:`guided_filter`.

    It is done on the device of the logits.

    Args:
        logits: of a photo.
        pixels: the photo at the same size, uint8 ``[h, w, 3]``.
    """
    guide = torch.from_numpy(pixels).to(logits.device).permute(2, 0, 1).float() / 255
    radius_px = max(1, round(_RADIUS_SHARE * max(pixels.shape[:2])))
    shares = guided_filter(guide, logits.softmax(0), radius_px, _EPSILON)
    return shares.clamp_min(_LEAST).log()
