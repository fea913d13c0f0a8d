"""Entries of a JSON file by their ids, and by ids that other programs wrote as another type."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property
from pathlib import Path
from typing import Any

from partly.errors import BadLabel, listed

_WHOLE = re.compile(r"[+-]?[0-9]+(\.0*)?")


class EntriesById(dict[Any, dict[str, Any]]):
    """Entries by id, in the order of the file."""

    def find(self, reference: Any, key: str, where: str, path: Path) -> Any:
        """The id that a reference means: the same or, if just one is, the same number: 1, "1", "01", 1.0.

        Args:
            reference: an id as another entry says it.
            key: under which it does, for errors.
            where: which entry that is, for errors.
            path: the file, for errors.

        Raises:
            BadLabel: it means none, or several.
        """
        if is_id(reference) and reference in self:
            return reference
        found = self._by_meaning.get(_meaning(reference), []) if is_id(reference) else []
        if len(found) == 1:
            return found[0]
        raise BadLabel(
            f"{where} has the {key} {reference!r}",
            expected=f"an id that the file defines: {listed(map(repr, self)) or 'there is none'}",
            path=path,
        )

    @cached_property
    def _by_meaning(self) -> dict[Any, list[Any]]:
        meanings: dict[Any, list[Any]] = defaultdict(list)
        for known in self:
            meanings[_meaning(known)].append(known)
        return meanings


def is_id(value: Any) -> bool:
    """Whether a value can be an id: a text, or a whole number, also as 1.0."""
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int | str) and not isinstance(value, bool)


def _meaning(value: Any) -> Any:
    """The number that an id is, also as a text; else the text."""
    if not isinstance(value, str):
        return int(value)
    text = value.strip()
    return int(text.partition(".")[0]) if _WHOLE.fullmatch(text) else text
