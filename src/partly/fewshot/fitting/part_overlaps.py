"""Intersections and unions of parts, cell by cell, as far as cells are labelled."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Sums over pictures; adding two gives those of the pictures of both.

    Attributes:
        intersections: ``[k]``, in cells.
        unions: ``[k]``.
        n_shown: on how many pictures each part was to be found, ``[k]``.
        n_pictures: of how many pictures these are the sums.
    """

    intersections: Tensor
    unions: Tensor
    n_shown: Tensor
    n_pictures: int

    def __add__(self, other: Overlaps) -> Overlaps:
        return Overlaps(
            self.intersections + other.intersections,
            self.unions + other.unions,
            self.n_shown + other.n_shown,
            self.n_pictures + other.n_pictures,
        )

    @classmethod
    def none(cls, n_parts: int) -> Overlaps:
        """Of no picture."""
        nothing = torch.zeros(n_parts, dtype=torch.float64)
        return cls(nothing, nothing, nothing, 0)

    @classmethod
    def of(cls, predicted: Tensor, covered: Tensor) -> Overlaps:
        """Of one picture. A cell counts as far as it is labelled.

        Where the grid divides the label map, this is what counting its labelled pixels gives, each with the
        part of its cell.

        Args:
            predicted: part ids of the cells, ``[n]``.
            covered: how much of each cell each part covers, ``[n, k]``; rows sum to the labelled share.
        """
        covered = covered.double()
        given = F.one_hot(predicted, covered.shape[1])
        hit, there = (given * covered).sum(0), covered.sum(0)
        found = (given * covered.sum(1, keepdim=True)).sum(0)
        return cls(hit, found + there - hit, (there > 0).double(), 1)

    @property
    def iou(self) -> Tensor:
        """Pooled IoU of each part, ``[k]``; not a number where nothing is, nor was found."""
        return self.intersections / self.unions
