"""What every representation is: photos in, a feature pyramid out."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from torch import Tensor

from partly.pyramid import FeaturePyramid, Level


@runtime_checkable
class Representation(Protocol):
    """Maps photos to feature pyramids, each photo by itself; deterministic.

    Attributes:
        image_size_px: side of the square photos that it reads.
        levels: what the pyramids hold, coarse to fine.
        digest: SHA-256 of the weights.
    """

    image_size_px: int
    levels: tuple[Level, ...]
    digest: str

    def read(self, images: Tensor) -> FeaturePyramid:
        """Features of photos ``[b, 3, s, s]`` in [-1, 1].

        Raises:
            BadOption: photos of another size.
        """
        ...
