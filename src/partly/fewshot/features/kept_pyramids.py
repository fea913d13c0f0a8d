"""Features of pictures, kept in memory while there is room, and made again where there is none."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from partly.models import FeaturePyramid

_MOST_BYTES = 300_000_000


class KeptPyramids:
    """The pyramids of the pictures that were asked for last.

    Args:
        make: gives the pyramid of a picture by its name.
        most_bytes: how much is kept; the last one always is.
    """

    def __init__(self, make: Callable[[str], FeaturePyramid], most_bytes: int = _MOST_BYTES) -> None:
        self._make, self._most_bytes = make, most_bytes
        self._kept: OrderedDict[str, FeaturePyramid] = OrderedDict()

    def __call__(self, name: str) -> FeaturePyramid:
        """The pyramid of a picture, as it was made."""
        if name not in self._kept:
            self._kept[name] = self._make(name)
        self._kept.move_to_end(name)
        n_bytes = sum(pyramid.n_bytes for pyramid in self._kept.values())
        while n_bytes > self._most_bytes and len(self._kept) > 1:
            n_bytes -= self._kept.popitem(last=False)[1].n_bytes
        return self._kept[name]

    def forget(self, name: str) -> None:
        """Let go of a picture, where it is kept."""
        self._kept.pop(name, None)
