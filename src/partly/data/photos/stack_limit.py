"""How many photos are taken of one file with several pages or frames. Without NumPy."""

from __future__ import annotations

from typing import Any

from partly.storage import option

MAX_PAGES = 1000
"""By default; those behind them are told of, not taken."""


def max_pages_option(**more: Any) -> Any:
    """The field ``max_pages`` of a dataclass of options; ``more`` as :func:`partly.storage.option` has it."""
    return option(
        MAX_PAGES,
        "Most pages of a TIFF, or frames of a GIF, APNG or WebP, that are taken of a file, each as a photo.",
        at_least=1,
        **more,
    )
