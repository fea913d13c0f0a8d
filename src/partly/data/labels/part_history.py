"""All part sets that a project has had, on disk: what was painted in an old one can be read in the newest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from partly.data.labels.label_maps import LabelMap, translate_label_map
from partly.data.labels.part_changes import PartChange, Table, change_to_json, changed, table_of_edit
from partly.data.labels.part_sets import UNLABELLED, PartSet
from partly.errors import BadLabel
from partly.storage import GrowingFile, damaged

SCHEMA_VERSION = 1

_REMEDY = "Put the file back from a copy; without it nobody knows what the ids of earlier strokes mean"


class PartHistory:
    """The part set and its earlier versions, counted from 0, in one file that only grows.

    The file has a line for each version, with its parts and the table from the ids of the one before, and
    lines that tell when the project had the version too. One thread at a time.
    """

    def __init__(self, file: GrowingFile) -> None:
        self._file = file
        self._part_sets: list[PartSet] = []
        # For each version, what its ids are now: uint8 [n_versions, 256].
        self._to_now = np.zeros((0, 256), np.uint8)
        self._saved_version = 0

    @classmethod
    def open(cls, path: Path, part_set: PartSet) -> PartHistory:
        """The history in a file, which is made if there is none.

        If the project has another part set than the last one of the file, there are two reasons. It is the
        one before, and nobody noted that the project had the last one: a kill came between the two, and the
        last one counts (:attr:`part_set`; the project should be given it). Or somebody edited the project:
        its part set becomes one more version.

        Args:
            path: the file, with JSON lines.
            part_set: what the project says.

        Raises:
            BadLabel: the file is damaged.
            PartlyError: the file cannot be written.
        """
        file, lines = GrowingFile.open(path, _REMEDY)
        history = cls(file)
        for number, line in enumerate(lines, 1):
            history._take(line, number)
        if not history._part_sets:
            file.append({"schema_version": SCHEMA_VERSION, "version": 0, "parts": part_set.to_json()})
            history._grow(part_set, None)
        elif not history._is_known_to_project(part_set):
            history._append(part_set, table_of_edit(history.part_set, part_set), {"kind": "edited"})
            history._saved_version = history.version
        return history

    @property
    def path(self) -> Path:
        """The file."""
        return self._file.path

    @property
    def part_set(self) -> PartSet:
        """The part set as it is now."""
        return self._part_sets[-1]

    @property
    def version(self) -> int:
        """Number of the part set as it is now; the first is 0."""
        return len(self._part_sets) - 1

    def apply(self, change: PartChange) -> Table:
        """Change the part set; the new version is on the disk when this returns.

        Returns:
            What becomes of the old ids, uint8 [256]. A change that changes nothing makes no version.

        Raises:
            BadLabel: see :func:`partly.data.labels.changed`.
            PartlyError: the file cannot be written; nothing has changed then.
        """
        new, table = changed(self.part_set, change)
        if new != self.part_set:
            self._append(new, table, change_to_json(change))
        return table

    def note_saved(self) -> None:
        """Note that the project has the part set as it is now, so that any other one in it is an edit.

        Raises:
            PartlyError: the file cannot be written.
        """
        if self._saved_version < self.version:
            self._file.append({"saved": self.version})
            self._saved_version = self.version

    def table_since(self, version: int) -> Table:
        """What the ids of an earlier version (or of this one) are now, uint8 [256].

        Raises:
            BadLabel: there has been no such version.
        """
        if not 0 <= version <= self.version:
            raise BadLabel(
                f"has no version {version} of the part set", expected=f"0 to {self.version}", path=self.path
            )
        return self._to_now[version].copy()

    def translate(
        self, label_map: LabelMap, painted_with: PartSet, path: str | Path | None = None
    ) -> LabelMap:
        """A label map of any part set in the part set as it is now, such as one that a kill left behind.

        A part set of the history is followed through its changes (the newest one, if there were several that
        are equal); others are translated by the names of their parts.

        Args:
            label_map: uint8 [h, w].
            painted_with: what its ids mean.
            path: the file that errors name.

        Raises:
            BadLabel: by names only: it has pixels of a part that the part set lacks.
        """
        for version in range(self.version, -1, -1):
            if self._part_sets[version] == painted_with:
                return self._to_now[version][label_map]
        return translate_label_map(label_map, painted_with, self.part_set, path)

    def _is_known_to_project(self, part_set: PartSet) -> bool:
        """Whether the project's part set is the last one, or the one before and nothing newer was noted."""
        first = max(self._saved_version, self.version - 1)
        return part_set in self._part_sets[first:]

    def _append(self, part_set: PartSet, table: Table, change: dict[str, Any]) -> None:
        line = {
            "version": self.version + 1,
            "change": change,
            "table": table[: self.part_set.n_parts].tolist(),
            "parts": part_set.to_json(),
        }
        self._file.append(line)
        self._grow(part_set, table)

    def _grow(self, part_set: PartSet, table: Table | None) -> None:
        own = np.full((1, 256), UNLABELLED, np.uint8)
        own[0, : part_set.n_parts] = np.arange(part_set.n_parts)
        earlier = self._to_now if table is None else table[self._to_now]
        self._to_now = np.concatenate([earlier, own])
        self._part_sets.append(part_set)

    def _take(self, line: dict[str, Any], number: int) -> None:
        """Take in one line of the file."""
        if number == 1 and line.get("schema_version") != SCHEMA_VERSION:
            raise BadLabel(
                f"has schema version {line.get('schema_version')!r}",
                expected=f"a history of part sets of version {SCHEMA_VERSION}",
                remedy="Use the version of Partly that wrote it",
                path=self.path,
            )
        if "saved" in line:
            if line["saved"] not in range(len(self._part_sets)):
                raise damaged(self.path, number, f"saved is {line['saved']!r}", _REMEDY)
            self._saved_version = line["saved"]
            return
        if line.get("version") != len(self._part_sets):
            raise damaged(self.path, number, f"version is {line.get('version')!r}", _REMEDY)
        try:
            part_set = PartSet.from_json(line.get("parts"))
        except BadLabel as error:
            raise damaged(self.path, number, error.found, _REMEDY) from error
        self._grow(part_set, self._table_from(line.get("table"), part_set, number) if number > 1 else None)
        if line.get("change") == {"kind": "edited"}:
            self._saved_version = self.version

    def _table_from(self, values: Any, part_set: PartSet, number: int) -> Table:
        n_before, ids = self.part_set.n_parts, (*range(part_set.n_parts), UNLABELLED)
        if not isinstance(values, list) or len(values) != n_before or not all(i in ids for i in values):
            raise damaged(self.path, number, f"table is {values!r}", _REMEDY)
        table = np.full(256, UNLABELLED, np.uint8)
        table[:n_before] = values
        return table
