"""What the live segmenter made of the pictures, as last seen."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from partly.annotations.part_history import PartHistory

_N_KEPT = 8


@dataclass(frozen=True, eq=False)
class Predicted:
    """A prediction.

    Attributes:
        labels: part ids, uint8 ``[s, s]``, or ``[n, t, t]`` for the wall.
        doubt: how unsure it is, 0 to 255, of the same shape.
        version: number of the fit; later ones are larger.
        parts_version: what the ids mean.
    """

    labels: NDArray[np.uint8]
    doubt: NDArray[np.uint8]
    version: int
    parts_version: int


class Predictions:
    """The last prediction of each picture that was looked at lately, and of the wall; for all threads."""

    def __init__(self, history: PartHistory, lock: threading.RLock) -> None:
        self._history, self._lock = history, lock
        self._kept: dict[str, Predicted] = {}

    def put(self, subject: str, predicted: Predicted) -> None:
        """Keep a prediction in place of the earlier one."""
        with self._lock:
            self._kept.pop(subject, None)
            self._kept[subject] = predicted
            while len(self._kept) > _N_KEPT:
                del self._kept[next(iter(self._kept))]

    def get(self, subject: str) -> Predicted | None:
        """The last prediction, its ids in the part set as it is now; None: there is none."""
        with self._lock:
            predicted = self._kept.get(subject)
            if predicted is None or predicted.parts_version == self._history.version:
                return predicted
            # The next fit is under way; until then a merged part has its new colour, a deleted one none.
            table = self._history.table_since(predicted.parts_version)
            return replace(predicted, labels=table[predicted.labels])

    def clear(self) -> None:
        """Forget all: nothing can be predicted any more."""
        with self._lock:
            self._kept.clear()
