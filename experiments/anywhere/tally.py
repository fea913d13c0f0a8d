"""Counts of objects that were found in photos whose objects are known, and how well their frames are met."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from experiments.experiment import Figures
from partly.inference.find import Frame, wrapped_deg
from partly.inference.segment import Segmentation

_NEAR = 0.25
_MOST_RATIO = 1.5


class Tally:
    """Counts objects of one photo after the other.

    A true frame is met by a found one whose centre is within a quarter of the true side of its own, and whose
    side is no more than half as long again, or less than two thirds. A found one meets one true one at most.
    """

    def __init__(self) -> None:
        self._were_sought = True
        self._surplus: list[int] = []
        self._n_shown = 0
        self._angle_errors_deg: list[float] = []

    def add(self, segmentation: Segmentation, shown: Sequence[Frame]) -> None:
        """What was found in a photo that shows objects in these frames."""
        self._were_sought &= segmentation.objects is not None
        found = [one.frame for one in segmentation.objects or ()]
        self._surplus.append(len(found) - len(shown))
        self._n_shown += len(shown)
        self._angle_errors_deg += [angle_between(true, by) for true, by in met_frames(shown, found)]

    def figures(self) -> Figures:
        """Per cent of photos with the right number of objects, more, and fewer; per cent of frames met.

        And the median of the angles between met frames and what met them; all None where none were sought.
        """
        surplus, errors = np.array(self._surplus), self._angle_errors_deg
        figures: Figures = {
            "n_right": percent(surplus == 0),
            "n_too_many": percent(surplus > 0),
            "n_too_few": percent(surplus < 0),
            "frames_met": round(100 * len(errors) / self._n_shown, 2) if self._n_shown else None,
            "angle_error_deg": round(float(np.median(errors)), 2) if errors else None,
        }
        return figures if self._were_sought else dict.fromkeys(figures)


def met_frames(shown: Sequence[Frame], found: Sequence[Frame]) -> list[tuple[Frame, Frame]]:
    """True frames that are met, each with what meets it; near ones come first."""
    pairs = sorted(
        (np.hypot(by.x_px - true.x_px, by.y_px - true.y_px) / true.side_px, i, j)
        for i, true in enumerate(shown)
        for j, by in enumerate(found)
        if 1 / _MOST_RATIO <= by.side_px / true.side_px <= _MOST_RATIO
    )
    met: dict[int, int] = {}
    for distance, i, j in pairs:
        if distance <= _NEAR and i not in met and j not in met.values():
            met[i] = j
    return [(shown[i], found[j]) for i, j in met.items()]


def angle_between(one: Frame, other: Frame) -> float:
    """By how much two frames are turned against each other, 0 to 180 degrees."""
    return abs(wrapped_deg(one.angle_deg - other.angle_deg))


def percent(which: np.ndarray) -> float:
    """How many of a boolean array are true."""
    return round(100 * float(np.mean(which)), 2)
