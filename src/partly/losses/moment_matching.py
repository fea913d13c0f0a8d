"""How far two samples lie apart, for generators that learn without a discriminator (Li et al., ICML 2015)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

RELATIVE_BANDWIDTHS = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Of the mixture, as multiples of the usual distance of two photos. Those of Li et al. for digits, 2 to 80,
are about these: two digits lie some 10 apart."""
_LEAST = 1e-12


def matching_loss(photos: Tensor, pictures: Tensor, bandwidths: Sequence[float | Tensor]) -> Tensor:
    """The square root of the biased squared maximum mean discrepancy (Li et al., equations 3 and 6).

    The root makes slopes larger where both are nearly alike already.

    Args:
        photos: rows ``[n, d]``.
        pictures: rows ``[m, d]``.
        bandwidths: of Gaussian kernels ``exp(-|x - y|² / 2b²)``, which are summed.
    """
    squared = (
        _mean_kernel(photos, photos, bandwidths)
        + _mean_kernel(pictures, pictures, bandwidths)
        - 2 * _mean_kernel(photos, pictures, bandwidths)
    )
    return squared.clamp(min=_LEAST).sqrt()


def usual_distance(rows: Tensor) -> Tensor:
    """Root of the mean squared distance of two different rows of ``[n, d]``, ``n`` 2 or more; a scalar."""
    return (2 * rows.var(dim=0).sum()).clamp(min=_LEAST).sqrt()


def _mean_kernel(x: Tensor, y: Tensor, bandwidths: Sequence[float | Tensor]) -> Tensor:
    """Mean over all pairs of the sum of the kernels."""
    squared = (x.square().sum(1)[:, None] + y.square().sum(1)[None] - 2 * x @ y.T).clamp(min=0)
    kernels = [torch.exp(-squared / (2 * bandwidth**2)) for bandwidth in bandwidths]
    return torch.stack([kernel.mean() for kernel in kernels]).sum()
