"""A label map and the strokes that made it, in memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from partly.data.labels.label_maps import LabelMap
from partly.data.labels.part_history import PartHistory
from partly.data.labels.part_sets import UNLABELLED
from partly.data.labels.stroke_records import StrokeRecord
from partly.errors import BadLabel


@dataclass(frozen=True, eq=False)
class Patch:
    """A box of a label map, and where it belongs.

    Attributes:
        x: column of its left edge in the whole label map.
        y: row of its upper edge.
        labels: part ids, uint8 [h, w].

    Raises:
        BadLabel: the labels are no label map.
    """

    x: int
    y: int
    labels: LabelMap

    def __post_init__(self) -> None:
        if self.labels.dtype != np.uint8 or self.labels.ndim != 2 or not self.labels.size:
            raise BadLabel(
                f"the patch is {self.labels.dtype} {list(self.labels.shape)}",
                expected="uint8 [h, w] with at least one pixel",
            )


class StrokeStates:
    """The state that a label map is in, with the way back and forth; always in the part set as it is now.

    Args:
        size: height and width.
        parts: the part sets that strokes belong to.

    Attributes:
        done: strokes that make up the label map, the last one at the end.
        undone: strokes that can be painted again, the next one at the end.
        number: of the state; every stroke, undo and redo adds one.
    """

    def __init__(self, size: tuple[int, int], parts: PartHistory) -> None:
        self._parts = parts
        self._map = np.full(size, UNLABELLED, np.uint8)
        self._version = parts.version
        self.done: list[StrokeRecord] = []
        self.undone: list[StrokeRecord] = []
        self.number = 0

    @property
    def label_map(self) -> LabelMap:
        """The label map, uint8 [h, w]; not to be written to."""
        if self._version != self._parts.version:
            self._map = self.now(self._map, self._version)
            self._version = self._parts.version
        return self._map

    def now(self, pixels: LabelMap, version: int) -> LabelMap:
        """Ids of a version of the part set as those of the part set as it is now."""
        return pixels if version == self._parts.version else self._parts.table_since(version)[pixels]

    def begin_with(self, label_map: LabelMap) -> None:
        """Begin with these ids of the part set as it is now, uint8 [h, w]."""
        self._map, self._version = label_map.copy(), self._parts.version

    def stroke_for(self, patch: Patch) -> StrokeRecord | None:
        """The stroke that puts a patch on the label map, in the smallest box; None: it changes nothing."""
        height, width = patch.labels.shape
        before = self.label_map[patch.y : patch.y + height, patch.x : patch.x + width]
        is_new = before != patch.labels
        if not is_new.any():
            return None
        rows, columns = _span(is_new.any(axis=1)), _span(is_new.any(axis=0))
        x, y = patch.x + columns.start, patch.y + rows.start
        return StrokeRecord.of(self._version, x, y, before[rows, columns], patch.labels[rows, columns])

    def add(self, stroke: StrokeRecord) -> None:
        """Put a new stroke on the label map; forgets what was undone."""
        self.done.append(stroke)
        self.undone.clear()
        self._put(stroke, stroke.after)

    def step_back(self) -> Patch:
        """Undo the last stroke; there must be one. Returns what is in its box now."""
        stroke = self.done.pop()
        self.undone.append(stroke)
        return self._put(stroke, stroke.before)

    def step_forward(self) -> Patch:
        """Paint the stroke again that was undone last; there must be one. Returns what is in its box now."""
        stroke = self.undone.pop()
        self.done.append(stroke)
        return self._put(stroke, stroke.after)

    def _put(self, stroke: StrokeRecord, data: bytes) -> Patch:
        labels = self.now(stroke.pixels(data), stroke.version)
        self.label_map[stroke.box] = labels
        self.number += 1
        return Patch(stroke.x, stroke.y, labels.copy())


def _span(flags: np.ndarray) -> slice:
    """From the first to the last that is set; at least one is."""
    places = np.flatnonzero(flags)
    return slice(int(places[0]), int(places[-1]) + 1)
