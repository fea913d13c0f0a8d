"""What every representation is: photos in, a feature pyramid out."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Protocol, Self, runtime_checkable

from torch import Tensor

from partly.errors import BadOption
from partly.models.feature_pyramid import FeaturePyramid, Level
from partly.models.model_families import ModelFamily


class RepresentationFamily(ModelFamily, ABC):
    """Base of the families; see :class:`partly.models.encoders.Representation`."""

    image_size_px: int
    multiple_px: int | None = None
    levels: tuple[Level, ...]

    def at_size(self, size_px: int) -> Self:
        """The same network, with the same weights in memory, meant for photos of another size.

        Args:
            size_px: the new ``image_size_px``.

        Raises:
            BadOption: it reads no photos of that size.
        """
        if size_px != self.image_size_px and self.multiple_px is None:
            raise BadOption(f"photos of {size_px} px", expected=f"{self.image_size_px} px, and nothing else")
        if self.multiple_px is not None:
            check_multiple(size_px, self.multiple_px)
        other = copy.copy(self)
        other.shape = replace(self.shape, image_size_px=size_px)
        other.image_size_px = size_px
        other.levels = tuple(
            replace(level, size_px=level.size_px * size_px // self.image_size_px) for level in self.levels
        )
        return other

    @abstractmethod
    def read(self, images: Tensor) -> FeaturePyramid:
        """Features of photos; see the protocol."""

    def check_images(self, images: Tensor) -> None:
        """Refuse photos of a shape that it does not read.

        Raises:
            BadOption: ``images`` is not ``[b, 3, h, w]`` with sides that are multiples of ``multiple_px``;
                where that is None, with sides of ``image_size_px``.
        """
        if images.ndim == 4 and images.shape[1] == 3 and self._reads(*images.shape[2:]):
            return
        side_px = self.image_size_px
        expected = f"[b, 3, {side_px}, {side_px}]"
        if self.multiple_px is not None:
            expected = f"[b, 3, h, w], h and w multiples of {self.multiple_px}"
        raise BadOption(f"photos of shape {list(images.shape)}", expected=expected)

    def _reads(self, height: int, width: int) -> bool:
        if self.multiple_px is None:
            return height == width == self.image_size_px
        return min(height, width) > 0 and height % self.multiple_px == 0 == width % self.multiple_px


def check_multiple(size_px: int, multiple_px: int) -> None:
    """Refuse a side of photos that is no multiple of what an encoder's sides must be.

    Raises:
        BadOption: it is not, or below it.
    """
    if size_px < multiple_px or size_px % multiple_px:
        raise BadOption(f"photos of {size_px} px", expected=f"a multiple of {multiple_px}")


@runtime_checkable
class Representation(Protocol):
    """Maps photos to feature pyramids, each photo by itself; deterministic.

    Attributes:
        image_size_px: side of the square photos that it reads; where other shapes are read too, the side of
            a square with about as many pixels as a photo should have.
        multiple_px: photos may have any height and width that are multiples of this; None: only squares of
            ``image_size_px``.
        levels: what the pyramids hold, coarse to fine, and early to late where sizes are equal; sizes are
            those of a square photo.
        digest: SHA-256 of the weights.
    """

    image_size_px: int
    multiple_px: int | None
    levels: tuple[Level, ...]
    digest: str

    def read(self, images: Tensor) -> FeaturePyramid:
        """Features of photos ``[b, 3, h, w]`` in [-1, 1].

        Raises:
            BadOption: photos of another size.
        """
        ...
