"""k-medoids: a few that stand for many."""

from __future__ import annotations

import torch
from torch import Tensor


def k_medoids(distances: Tensor, k: int, seed: int = 0, n_starts: int = 5) -> list[int]:
    """Indexes of ``k`` rows of ``distances [n, n]`` to which the others are nearest in sum.

    Alternates assignment and choice of each cluster's medoid (Park and Jun, 2009), from several starts.
    """
    best, best_cost = [0], float("inf")
    draws = torch.Generator().manual_seed(seed)
    for _ in range(n_starts):
        medoids = torch.randperm(len(distances), generator=draws)[:k]
        for _ in range(len(distances)):
            nearest = distances[:, medoids].argmin(1)
            moved = torch.stack(
                [_medoid_of(distances, torch.where(nearest == j)[0], medoids[j]) for j in range(k)]
            )
            if torch.equal(moved, medoids):
                break
            medoids = moved
        cost = float(distances[:, medoids].min(1).values.sum())
        if cost < best_cost:
            best, best_cost = medoids.tolist(), cost
    return best


def _medoid_of(distances: Tensor, members: Tensor, fallback: Tensor) -> Tensor:
    if not len(members):
        return fallback
    return members[distances[members][:, members].sum(1).argmin()]
