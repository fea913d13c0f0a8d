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


def check_condition(condition: Tensor | None, shape: tuple[int, ...]) -> Tensor:
    """Refuse conditions of another shape.

    Raises:
        BadOption: ``condition`` is none, or not of ``shape``, which is ``[b, c]``.
    """
    if condition is None or condition.shape != shape:
        found = "no condition" if condition is None else f"a condition of shape {list(condition.shape)}"
        raise BadOption(found, expected=f"{list(shape)}: the class of each image")
    return condition
