"""Axes of charts: round ticks and their labels, linear and logarithmic."""

from __future__ import annotations

import math
from dataclasses import dataclass

_STEPS = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True)
class Axis:
    """Maps values to positions in [0, 1].

    Attributes:
        low: the value at 0.
        high: the value at 1; more than ``low``.
        ticks: values with a label, inside the axis.
        log: whether positions follow the logarithm.
    """

    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool = False

    def position(self, value: float) -> float:
        """Where a value stands, in [0, 1] between ``low`` and ``high``."""
        if self.log:
            low, high, value = math.log(self.low), math.log(self.high), math.log(value)
        else:
            low, high = self.low, self.high
        return (value - low) / (high - low)


def linear_axis(low: float, high: float, n_ticks: int = 5) -> Axis:
    """An axis from a round value at or below ``low`` to one at or above ``high``."""
    if low == high:
        low, high = (low - abs(low) / 2, high + abs(high) / 2) if low else (0.0, 1.0)
    step = _round_step((high - low) / n_ticks)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(_clean(index * step) for index in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks)


def span_axis(low: float, high: float, n_ticks: int = 6) -> Axis:
    """An axis exactly from ``low`` to ``high`` with round ticks between: for steps, times, counts."""
    if low == high:
        return linear_axis(low, high, n_ticks)
    rounded = linear_axis(low, high, n_ticks)
    slack = 1e-9 * (high - low)
    ticks = tuple(tick for tick in rounded.ticks if low - slack <= tick <= high + slack)
    return Axis(low, high, ticks)


def log_axis(low: float, high: float) -> Axis:
    """A logarithmic axis for positive values: ticks at powers of ten, and at 2 and 5 where these are few."""
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    multiples: tuple[int, ...] = (1,) if last - first > 3 else (1, 2, 5)
    every = max(1, math.ceil((last - first) / 6))
    values = [_clean(m * 10.0**power) for power in range(first, last + 1, every) for m in multiples]
    ticks = [value for value in values if low * 0.999 <= value <= high * 1.001]
    below, above = [v for v in values if v <= low], [v for v in values if v >= high]
    axis_low = below[-1] if below else low
    axis_high = above[0] if above else high
    if axis_low == axis_high:
        axis_low, axis_high = axis_low / 2, axis_high * 2
    kept = sorted({*ticks, *(v for v in (axis_low, axis_high) if v in values)})
    return Axis(axis_low, axis_high, tuple(kept), log=True)


def tick_label(value: float) -> str:
    """A short text for a tick: thousands apart, powers of ten where zeros would be many."""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e7 or size < 1e-3:
        mantissa, power = f"{value:.1e}".split("e")
        mantissa = mantissa.removesuffix(".0")
        return f"{mantissa}e{int(power)}"
    if size >= 1000 and value == round(value):
        return f"{round(value):,}".replace(",", "\u2009")
    return f"{value:.4g}"


def _round_step(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor for factor in _STEPS if factor * power >= step * (1 - 1e-9)) * power


def _clean(value: float) -> float:
    """A tick without the dust of binary fractions (0.30000000000000004)."""
    return float(f"{value:.12g}")
