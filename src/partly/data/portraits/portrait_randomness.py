"""Random choices, in the order in which they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from partly.storage import shuffle_stream

_T = TypeVar("_T")


class Draws:
    """Choices that follow from a seed.

    Everything rests on uniform doubles, whose stream NumPy keeps from version to version.

    Args:
        seed: 0 or more.
    """

    def __init__(self, seed: int) -> None:
        self._random = shuffle_stream("portrait", seed)

    def between(self, low: float, high: float) -> float:
        """A number between the two, all equally likely."""
        return low + (high - low) * float(self._random.random())

    def near(self, middle: float, reach: float) -> float:
        """A number up to ``reach`` away from ``middle``, near it more often (triangular)."""
        return middle + reach * (float(self._random.random()) - float(self._random.random()))

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return float(self._random.random()) < probability

    def whole(self, n: int) -> int:
        """A whole number from 0 to ``n - 1``."""
        return int(n * float(self._random.random()))

    def one_of(self, weights: Mapping[_T, float]) -> _T:
        """One of the keys, each as likely as its value says."""
        left = float(self._random.random()) * sum(weights.values())
        for key, weight in weights.items():
            left -= weight
            if left < 0:
                return key
        return key
