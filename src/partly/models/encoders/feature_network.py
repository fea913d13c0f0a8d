"""What every feature network is: pictures in, rows of numbers out."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class FeatureNetwork(Protocol):
    """Says what pictures look like; those that look alike get rows that lie close.

    Attributes:
        name: how it is asked for.
        digest: SHA-256 of its weights; rows of different digests must not be compared.
        n_features: length ``d`` of a row.
        batch_size: how many pictures it takes at once without needing much memory.
    """

    name: str
    digest: str
    n_features: int
    batch_size: int

    def features(self, images: Tensor) -> Tensor:
        """Rows float32 ``[b, d]``, on the CPU, of pictures ``[b, 3, h, w]`` in [-1, 1], of any size."""
        ...
