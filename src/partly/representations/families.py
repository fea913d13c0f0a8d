"""What families of representations have alike: what they check."""

from __future__ import annotations

from torch import Tensor

from partly.errors import BadOption
from partly.families import ModelFamily, check_size, read_family
from partly.pyramid import Level

__all__ = ["RepresentationFamily", "check_size", "read_family"]


class RepresentationFamily(ModelFamily):
    """Base of the families; see :class:`partly.representations.protocol.Representation`."""

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
