"""Label files that are JSON objects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from partly.data.label_formats.label_text import guessed
from partly.data.label_formats.old_encodings import json_in_old_encoding
from partly.data.label_formats.strange_labels import remedy_for_json
from partly.errors import BadLabel
from partly.storage import write_text


def parsed_json(data: bytes, path: Path) -> tuple[Any, str | None]:
    """A JSON value in UTF-8, UTF-16 or UTF-32, or in an encoding that is guessed, and then a note of it.

    Raises:
        BadLabel: it is no JSON.
    """
    try:
        return json.loads(data), None
    except UnicodeDecodeError as error:
        found = json_in_old_encoding(data)
        if found is None:
            raise BadLabel(
                f"is no JSON, neither in UTF-8 ({error.reason} at byte {error.start}) nor as older machines "
                "wrote it",
                remedy="Export the labels again",
                path=path,
            ) from error
        return found[0], guessed(path, found[1])
    except (ValueError, RecursionError) as error:
        raise BadLabel(f"is no JSON ({error})", remedy="Export the labels again", path=path) from error


def object_in(value: Any, path: Path) -> dict[str, Any]:
    """A JSON value that is an object.

    Raises:
        BadLabel: it is none.
    """
    if not isinstance(value, dict):
        raise BadLabel(
            f"is a JSON {type(value).__name__}",
            expected="a JSON object",
            remedy=remedy_for_json(value),
            path=path,
        )
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
