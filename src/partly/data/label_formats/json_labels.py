"""Label files that are JSON objects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from partly.data.labels.label_bytes import read_label_file
from partly.errors import BadLabel
from partly.storage import write_text


def read_json_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        BadLabel: the file is missing, no JSON, or no object.
    """
    try:
        value = json.loads(read_label_file(path))
    except (ValueError, RecursionError) as error:
        raise BadLabel(f"is no JSON ({error})", remedy="Export the labels again", path=path) from error
    if not isinstance(value, dict):
        raise BadLabel(f"is a JSON {type(value).__name__}", expected="a JSON object", path=path)
    return value


def checked_entries(values: dict[str, Any], key: str, path: Path) -> list[dict[str, Any]]:
    """The list of objects under a key.

    Raises:
        BadLabel: there is none.
    """
    entries = values.get(key)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise BadLabel(f"has no {key}", expected=f"a list of objects under {key!r}", path=path)
    return entries


def write_compact_json(path: Path, value: Any) -> None:
    """Write JSON atomically, on one line: points and runs on lines of their own make files tenfold."""
    write_text(path, json.dumps(value, ensure_ascii=False) + "\n")
