"""Speed and time left; the cost of a step goes with its number of pixels."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import accumulate

_SMOOTHING = 0.9


class Clock:
    """Measures steps as they are done.

    Args:
        n_steps: steps in all.
        batch_size: pictures in a step.
        size_at_step: side of the pictures of a step.
        time_before_s: time of earlier sittings.
    """

    def __init__(
        self, n_steps: int, batch_size: int, size_at_step: Callable[[int], int], time_before_s: float
    ) -> None:
        self._batch_size = batch_size
        self._n_pixels = [size_at_step(step) ** 2 for step in range(n_steps)]
        # Of the first steps, and in all: summed once, since some trainings have a million steps.
        self._n_before = [0, *accumulate(self._n_pixels)]
        self._time_before_s = time_before_s
        self._started = self._last = time.monotonic()
        self._s_per_pixel = 0.0

    @property
    def time_s(self) -> float:
        """Time of all sittings."""
        return self._time_before_s + time.monotonic() - self._started

    def tick(self, n_done: int) -> tuple[float, float]:
        """Note that ``n_done`` steps are done.

        Returns:
            Pictures a second, and seconds left.
        """
        now = time.monotonic()
        n_pixels = self._n_pixels[n_done - 1]
        spent = max(now - self._last, 1e-9) / n_pixels
        self._last = now
        smooth = _SMOOTHING if self._s_per_pixel else 0.0
        self._s_per_pixel = smooth * self._s_per_pixel + (1 - smooth) * spent
        pictures_per_s = self._batch_size / (self._s_per_pixel * n_pixels)
        return pictures_per_s, self._s_per_pixel * (self._n_before[-1] - self._n_before[n_done])
