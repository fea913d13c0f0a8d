"""The stroke journal: everything that was painted on one label map, on disk before it is acknowledged."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from partly.data.labels.label_maps import LabelMap, check_label_map
from partly.data.labels.part_history import PartHistory
from partly.data.labels.part_sets import UNLABELLED
from partly.data.labels.stroke_records import StrokeRecord, data_of, is_within, packed, text_of, unpacked
from partly.data.labels.stroke_states import Patch, StrokeStates
from partly.errors import BadLabel
from partly.storage import GrowingFile, damaged, short_last_line

__all__ = ["SCHEMA_VERSION", "Patch", "StrokeJournal", "is_all_saved"]

SCHEMA_VERSION = 1

_REMEDY = (
    "Put the file back from a copy, or move it away: then painting goes on from the annotation as it was "
    "last saved, and earlier strokes cannot be undone"
)


class StrokeJournal:
    """One label map with its history: every stroke with what was there before, in one file that only grows.

    The file has JSON lines: how it began, then strokes, undos and redos with their numbers, and notes of what
    was saved as an annotation. Strokes keep the version of the part set that they were painted in, and are
    read in the part set as it is now. One thread at a time.

    What can be undone and redone stays so after a restart and after changes of the part set.
    """

    def __init__(self, file: GrowingFile, size: tuple[int, int], parts: PartHistory) -> None:
        self._file, self._size, self._parts = file, size, parts
        self._states = StrokeStates(size, parts)
        self._saved_state = 0
        # The first line of the file, as long as it is not written.
        self._start: dict[str, Any] | None = None

    @classmethod
    def open(
        cls, path: Path, size: tuple[int, int], parts: PartHistory, known: LabelMap | None = None
    ) -> StrokeJournal:
        """The journal in a file; without one, a new journal, whose file is made by the first stroke.

        A new journal begins with ``known``, or unlabelled. Otherwise ``known`` is compared with all states
        since the one that was last noted as saved. If it is one of them, a kill came between a stroke and the
        annotation, or between the annotation and the note, and the journal counts. If not, the annotation was
        changed elsewhere, and becomes one more stroke, which can be undone. If there is no annotation, the
        journal counts.

        Args:
            path: the file, with JSON lines.
            size: height and width of the picture.
            parts: the part sets that strokes belong to.
            known: the label map of the annotation on disk, in the part set as it is now; None: there is none.

        Raises:
            BadLabel: the file is damaged or belongs to another picture or project, or ``known`` has another
                size or other parts.
            PartlyError: the file cannot be written.
        """
        if known is not None:
            check_label_map(known, parts.part_set, size=size, empty_ok=True)
        file, lines = GrowingFile.open(path, _REMEDY)
        journal = cls(file, size, parts)
        if not lines:
            journal._begin(known)
            return journal
        does_count = journal._replay(lines, known)
        if known is not None and not does_count:
            journal.paint(Patch(0, 0, known))
            journal.note_saved()
        return journal

    @property
    def label_map(self) -> LabelMap:
        """The label map as it is now, in the part set as it is now, uint8 [h, w]; a copy."""
        return self._states.label_map.copy()

    @property
    def n_strokes(self) -> int:
        """Number of strokes that make up the label map; undone ones do not count."""
        return len(self._states.done)

    @property
    def can_undo(self) -> bool:
        """Whether there is a stroke to undo."""
        return bool(self._states.done)

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone stroke, and nothing was painted since."""
        return bool(self._states.undone)

    @property
    def state(self) -> int:
        """Number of the state that the label map is in: every stroke, undo and redo adds one."""
        return self._states.number

    def paint(self, patch: Patch) -> None:
        """Put a patch on the label map; it is on the disk when this returns, and can be undone.

        Forgets what could be redone. A patch that changes nothing is no stroke and changes nothing at all,
        so it does no harm to send one again.

        Raises:
            BadLabel: the patch reaches out of the picture, or has ids that are no parts.
            PartlyError: the file cannot be written; nothing is painted then.
        """
        self._check(patch)
        stroke = self._states.stroke_for(patch)
        if stroke is not None:
            self._append(stroke.to_json())
            self._states.add(stroke)

    def undo(self) -> Patch | None:
        """Take the last stroke back; also this is on the disk when it returns.

        Returns:
            What is in the box of the stroke now; None: there is no stroke left.

        Raises:
            PartlyError: the file cannot be written; nothing is undone then.
        """
        if not self.can_undo:
            return None
        self._append({"kind": "undo"})
        return self._states.step_back()

    def redo(self) -> Patch | None:
        """Paint the stroke again that was undone last; also this is on the disk when it returns.

        Returns:
            What is in the box of the stroke now; None: there is nothing to redo.

        Raises:
            PartlyError: the file cannot be written; nothing is redone then.
        """
        if not self.can_redo:
            return None
        self._append({"kind": "redo"})
        return self._states.step_forward()

    def note_saved(self, state: int | None = None) -> None:
        """Note that the label map has been written as an annotation; an older one is an edit from now on.

        To be called after the annotation is on the disk. If a kill comes between, nothing is lost.

        Args:
            state: :attr:`state` when the label map was taken; None: as it is now.

        Raises:
            ValueError: there is no such state.
            PartlyError: the file cannot be written.
        """
        saved = self.state if state is None else state
        if not 0 <= saved <= self.state:
            raise ValueError(f"there is no state {saved}; the last one is {self.state}")
        if saved > self._saved_state:
            self._file.append({"kind": "saved", "state": saved, "of": self.state})
            self._saved_state = saved

    def _check(self, patch: Patch) -> None:
        height, width = patch.labels.shape
        if not is_within(patch.x, patch.y, patch.labels.shape, self._size):
            raise BadLabel(
                f"the patch covers columns {patch.x} to {patch.x + width - 1} "
                f"and rows {patch.y} to {patch.y + height - 1}",
                expected=f"a box in the picture of {self._size[1]} x {self._size[0]} px",
            )
        if self._has_strange_ids(patch.labels):
            # Slower, but says which ones.
            check_label_map(patch.labels, self._parts.part_set, empty_ok=True)

    def _has_strange_ids(self, pixels: LabelMap) -> bool:
        return bool(((pixels >= self._parts.part_set.n_parts) & (pixels != UNLABELLED)).any())

    def _append(self, record: dict[str, Any]) -> None:
        line = {"state": self.state + 1} | record
        if self._start is None:
            self._file.append(line)
        else:
            self._file.append(self._start, line)
            self._start = None

    def _begin(self, known: LabelMap | None) -> None:
        height, width = self._size
        self._start = {
            "schema_version": SCHEMA_VERSION,
            "size_px": [width, height],
            "parts_version": self._parts.version,
            "start": None if known is None else text_of(packed(known)),
        }
        if known is not None:
            self._states.begin_with(known)

    def _replay(self, lines: Iterable[dict[str, Any]], known: LabelMap | None) -> bool:
        """Do again what the lines say; whether the result counts, rather than what is known."""
        last_alike = -1
        for number, line in enumerate(lines, 1):
            try:
                if number == 1:
                    self._take_start(line)
                else:
                    self._take(line)
            except ValueError as error:
                raise damaged(self._file.path, number, str(error), _REMEDY) from error
            if known is not None and np.array_equal(self._states.label_map, known):
                last_alike = self.state
        return last_alike >= self._saved_state

    def _take_start(self, line: dict[str, Any]) -> None:
        height, width = self._size
        if line.get("schema_version") != SCHEMA_VERSION:
            raise BadLabel(
                f"has schema version {line.get('schema_version')!r}",
                expected=f"a stroke journal of version {SCHEMA_VERSION}",
                remedy="Use the version of Partly that wrote it",
                path=self._file.path,
            )
        if line.get("size_px") != [width, height]:
            raise BadLabel(
                f"belongs to a picture with size_px {line.get('size_px')!r}",
                expected=f"[{width}, {height}]",
                remedy=_REMEDY,
                path=self._file.path,
            )
        version = line.get("parts_version")
        if type(version) is not int or version < 0:
            raise ValueError(f"parts_version is {version!r}")
        if line.get("start") is not None:
            self._states.begin_with(self._now(unpacked(data_of(line["start"]), self._size), version))

    def _take(self, line: dict[str, Any]) -> None:
        kind, state = line.get("kind"), line.get("state")
        if kind == "saved":
            if type(state) is not int or not 0 <= state <= self.state:
                raise ValueError(f"state is {state!r}")
            self._saved_state = max(self._saved_state, state)
            return
        if state != self.state + 1:
            raise ValueError(f"state is {state!r} after {self.state}")
        if kind == "stroke":
            self._take_stroke(StrokeRecord.from_json(line, self._size))
        elif kind == "undo" and self.can_undo:
            self._states.step_back()
        elif kind == "redo" and self.can_redo:
            self._states.step_forward()
        else:
            raise ValueError(f"kind is {kind!r}")

    def _take_stroke(self, stroke: StrokeRecord) -> None:
        before = self._now(stroke.pixels(stroke.before), stroke.version)
        if not np.array_equal(before, self._states.label_map[stroke.box]):
            raise ValueError("its pixels do not follow from the lines before")
        self._now(stroke.pixels(stroke.after), stroke.version)
        self._states.add(stroke)

    def _now(self, pixels: LabelMap, version: int) -> LabelMap:
        """Pixels from the file in the part set as it is now, checked."""
        if version > self._parts.version:
            raise BadLabel(
                f"was painted with version {version} of the part set",
                expected=f"at most {self._parts.version}, the last one in {self._parts.path}",
                remedy="Put back the history of part sets that belongs to it",
                path=self._file.path,
            )
        now = self._states.now(pixels, version)
        if self._has_strange_ids(now):
            raise ValueError("pixels of parts that there are not")
        return now


def is_all_saved(path: Path) -> bool:
    """Whether a journal ends with the note that all of it is in the annotation; quick, whatever its length.

    If not, or if that cannot be told, the journal should be opened, and its label map saved.
    """
    line = short_last_line(path)
    return line is not None and line.get("kind") == "saved" and line.get("state") == line.get("of")
