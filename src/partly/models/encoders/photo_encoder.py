"""What every representation is: photos in, a feature pyramid out."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from torch import Tensor

from partly.errors import BadOption
from partly.models.feature_pyramid import FeaturePyramid, Level
from partly.models.model_families import ModelFamily


class RepresentationFamily(ModelFamily):
    """Base of the families; see :class:`partly.models.encoders.Representation`."""

    image_size_px: int
    levels: tuple[Level, ...]

    def check_images(self, images: Tensor) -> None:
        """Refuse photos of another size.

        Raises:
            BadOption: ``images`` is not ``[b, 3, image_size_px, image_size_px]``.
        """
        side_px = self.image_size_px
        if images.ndim != 4 or images.shape[1:] != (3, side_px, side_px):
            raise BadOption(f"photos of shape {list(images.shape)}", expected=f"[b, 3, {side_px}, {side_px}]")


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
