"""Label files that are JSON objects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from partly.data.label_formats.old_encodings import json_in_old_encoding
from partly.data.label_formats.strange_labels import remedy_for_json
from partly.data.labels.label_bytes import read_label_file
from partly.data.labels.telling import Tell, tell_nobody
from partly.errors import BadLabel
from partly.storage import write_text


def read_json(path: Path, tell: Tell = tell_nobody) -> Any:
    """The JSON value in a file, in UTF-8, UTF-16 or UTF-32, or else in an encoding that is guessed and told.

    Raises:
        BadLabel: the file is missing, or no JSON.
    """
    data = read_label_file(path)
    try:
        return json.loads(data)
    except UnicodeDecodeError as error:
        found = json_in_old_encoding(data)
        if found is None:
            raise BadLabel(
                f"is no JSON, neither in UTF-8 ({error.reason} at byte {error.start}) nor as older machines "
                "wrote it",
                remedy="Export the labels again",
                path=path,
            ) from error
        value, encoding = found
        tell(
            f"{path}: is not in UTF-8, and was read as {encoding}; if names are wrong, convert it to UTF-8 "
            f"(iconv -f {encoding} -t utf-8)"
        )
        return value
    except (ValueError, RecursionError) as error:
        raise BadLabel(f"is no JSON ({error})", remedy="Export the labels again", path=path) from error


def read_json_object(path: Path, tell: Tell = tell_nobody) -> dict[str, Any]:
    """The JSON object in a file; see :func:`read_json`.

    Raises:
        BadLabel: the file is missing, no JSON, or no object.
    """
    value = read_json(path, tell)
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
