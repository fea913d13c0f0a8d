"""A kernel that tells two samples apart as surely as it can (Sutherland et al., ICLR 2017, section 2)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_RATE, _N_STEPS = 0.05, 120
_LEAST_VARIANCE = 1e-8


def median_distance(rows: NDArray[np.float64]) -> float:
    """Median of the distances of different rows of ``[n, d]``; 1 where all are alike."""
    points = torch.from_numpy(rows)
    median = float(torch.pdist(points).median()) if len(rows) > 1 else 0.0
    return median or 1.0


def gaussian_kernel(x: Tensor, y: Tensor) -> Tensor:
    """``exp(-|x - y|² / 2)`` of all pairs of rows ``[n, d]`` and ``[m, d]``: ``[n, m]``."""
    squared = x.square().sum(1)[:, None] + y.square().sum(1)[None] - 2 * x @ y.T
    return torch.exp(-squared.clamp(min=0) / 2)


def chosen_weights(
    photos: NDArray[np.float64], pictures: NDArray[np.float64], n_steps: int = _N_STEPS
) -> NDArray[np.float64]:
    """Weights ``[d]`` of a Gaussian kernel of weighted rows, with the largest t statistic that was found.

    Adam goes uphill from equal weights, the inverse of the median distance, on two thirds of the rows; where
    the last third is told apart best, it is stopped, since weights could tell any rows apart by heart. The t
    statistic is that of equation 3 of the paper, with the first-order variance: it says up to constants how
    often a test with this kernel finds the difference.

    Args:
        photos: ``[n, d]``, ``n`` 12 or more; not those of the test.
        pictures: ``[m, d]``, ``m`` 12 or more.
        n_steps: of Adam.
    """
    x, y = torch.from_numpy(photos).float(), torch.from_numpy(pictures).float()
    n, m = 2 * len(x) // 3, 2 * len(y) // 3
    start = 1 / median_distance(np.concatenate([photos, pictures]))
    logarithms = torch.full((x.shape[1],), float(np.log(start)), requires_grad=True)
    optimizer = torch.optim.Adam([logarithms], _RATE)
    best, weights = -np.inf, logarithms.detach().exp()
    for _ in range(n_steps):
        with torch.no_grad():
            now = logarithms.exp()
            found = _t_statistic(x[n:] * now, y[m:] * now).item()
        if found > best:
            best, weights = found, now
        optimizer.zero_grad()
        torch.autograd.backward(-_t_statistic(x[:n] * logarithms.exp(), y[:m] * logarithms.exp()))
        optimizer.step()
    return weights.double().numpy()


def _t_statistic(x: Tensor, y: Tensor) -> Tensor:
    """``MMD² / deviation`` of samples ``[n, d]`` and ``[m, d]`` with the Gaussian kernel."""
    n, m = len(x), len(y)
    of_x = (gaussian_kernel(x, x).sum(1) - 1) / (n - 1)
    of_y = (gaussian_kernel(y, y).sum(1) - 1) / (m - 1)
    between = gaussian_kernel(x, y)
    squared = of_x.mean() + of_y.mean() - 2 * between.mean()
    variance = 4 * (
        (of_x - between.mean(1)).var(correction=0) / n + (of_y - between.mean(0)).var(correction=0) / m
    )
    return squared / (variance + _LEAST_VARIANCE / min(n, m)).sqrt()
