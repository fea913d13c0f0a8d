"""What readers tell of files that were read, but not in the way, or not as a whole, as people may think."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str], None]
"""Is told, in a sentence that names the file, what was left out or understood in another way."""


def tell_nobody(text: str) -> None:
    """For callers who do not ask."""
    del text
