"""What every discriminator checks of what it is shown."""

from __future__ import annotations

from torch import Tensor

from partly.errors import BadOption


def check_images(images: Tensor, size_px: int) -> None:
    """Refuse images of another size.

    Raises:
        BadOption: ``images`` is not ``[b, 3, size_px, size_px]``.
    """
    if images.shape[1:] != (3, size_px, size_px):
        raise BadOption(f"images of shape {list(images.shape)}", expected=f"[b, 3, {size_px}, {size_px}]")
