"""Tables of colours and names beside colour-coded PNGs: text, CSV or JSON, as programs have them.

Rows are ``name:r,g,b`` (CVAT's ``labelmap.txt``), ``r g b name`` (CamVid's ``label_colors.txt``),
``name,r,g,b`` (CSV), or names with ``#rrggbb``; JSON has names with either, or a list of objects.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from partly.data.label_formats.label_text import parsed_text
from partly.data.labels.part_colours import Colour
from partly.errors import BadLabel

TABLE_NAME = "labelmap.txt"
LEVELS_ABOVE = 2
"""How far above the folder of a PNG its table may lie."""

_SUFFIXES = (".txt", ".csv", ".json")
_USUAL = re.compile(r"(label|colou?r|class|palette|part).*", re.IGNORECASE)
_MOST_FILES, _MOST_BYTES, _FEWEST_ROWS = 20, 1_000_000, 2
_NUMBERS = r"(\d{1,3})[\s,;]+(\d{1,3})[\s,;]+(\d{1,3})"
_ROWS = (
    re.compile(r"(?P<name>.+):(\d{1,3}),\s*(\d{1,3}),\s*(\d{1,3})(?::[^:]*){0,2}"),
    re.compile(rf"\d+[\s,;]+{_NUMBERS}[\s,;]+(?P<name>\D.*)"),
    re.compile(rf"{_NUMBERS}[\s,;]+(?P<name>\D.*)"),
    re.compile(rf"(?:\d+[,;\t]\s*)?(?P<name>\S.*?)[\s,;]+{_NUMBERS}[\s,;]*"),
)
_HEX = r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})"
_HEX_ROWS = (re.compile(rf"(?P<name>.+?)[\s,;:=]+{_HEX}[\s,;]*"), re.compile(rf"{_HEX}[\s,;:=]+(?P<name>.+)"))
_NAME_KEYS, _COLOUR_KEYS = ("name", "label", "title", "class"), ("color", "colour", "rgb")


@dataclass(frozen=True)
class ColourTable:
    """Names by colour, and the file that says them; one name may have several colours."""

    names: dict[Colour, str]
    path: Path


def colour_table_of(folder: Path) -> ColourTable | None:
    """The table for the PNGs in a folder, from there or above; None: there is none.

    Raises:
        BadLabel: two tables beside each other, or two rows of one, give a colour different names.
    """
    for place in [folder, *folder.parents][: LEVELS_ABOVE + 1]:
        tables = [table for file in _candidates(place) if (table := read_table(file)) is not None]
        if tables:
            for other in tables[1:]:
                _check_agree(tables[0], other)
            return tables[0]
    return None


def read_table(path: Path) -> ColourTable | None:
    """The table in a file; None where it is none.

    Raises:
        BadLabel: it gives one colour two names.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        text, _ = parsed_text(path.read_bytes(), path)
    except (OSError, BadLabel):
        return None
    rows = _json_rows(text) if path.suffix.lower() == ".json" else _text_rows(text)
    if rows is None or len(rows) < _FEWEST_ROWS:
        return None
    names: dict[Colour, str] = {}
    for name, colour in rows:
        if names.setdefault(colour, name) != name:
            raise BadLabel(
                f"gives the colour {hex_of(colour)} to {names[colour]!r} and to {name!r}",
                expected="a colour for each name",
                remedy="Change one of them, in the table and in the pictures",
                path=path,
            )
    return ColourTable(names, path)


def hex_of(colour: Colour) -> str:
    """A colour as #rrggbb."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _candidates(folder: Path) -> list[Path]:
    """Files that may be tables, those with usual names first; in a folder of many files, these alone."""
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES)
    except OSError:
        return []
    usual = [file for file in files if _USUAL.fullmatch(file.name)]
    others = [file for file in files if file not in usual] if len(files) <= _MOST_FILES else []
    return [file for file in (usual + others)[:_MOST_FILES] if file.is_file()]


def _check_agree(one: ColourTable, other: ColourTable) -> None:
    for colour in one.names.keys() & other.names.keys():
        if one.names[colour] != other.names[colour]:
            raise BadLabel(
                f"gives the colour {hex_of(colour)} to {one.names[colour]!r}, and {other.path.name} beside "
                f"it to {other.names[colour]!r}",
                expected="one table of colours",
                remedy="Remove the one that does not belong to the pictures",
                path=one.path,
            )


def _text_rows(text: str) -> list[tuple[str, Colour]] | None:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    rows = []
    for number, line in enumerate(lines):
        row = _row(line)
        if row is not None:
            rows.append(row)
        elif number and not line.startswith(("#", "//")):
            return None  # only the first line may be a heading
    return rows


def _row(line: str) -> tuple[str, Colour] | None:
    for pattern, base in [(one, 10) for one in _ROWS] + [(one, 16) for one in _HEX_ROWS]:
        if found := pattern.fullmatch(line):
            red, green, blue = (int(group, base) for group in _groups(found))
            name = found["name"].strip().strip("\"'")
            return (name, (red, green, blue)) if max(red, green, blue) <= 255 and name else None
    return None


def _groups(found: re.Match[str]) -> list[str]:
    named = found.re.groupindex["name"]
    return [found[i] for i in range(1, found.re.groups + 1) if i != named]


def _json_rows(text: str) -> list[tuple[str, Colour]] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, dict) and len(value) <= 3:
        value = next((value[key] for key in ("labels", "classes", "parts", "colors") if key in value), value)
    rows = list(_json_pairs(value))
    colours = [(name, _colour(colour)) for name, colour in rows]
    known = [(name, colour) for name, colour in colours if isinstance(name, str) and colour is not None]
    return known if len(known) == len(rows) else None


def _json_pairs(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, list):
        value = dict(enumerate(value))
    for name, entry in value.items() if isinstance(value, dict) else ():
        if isinstance(entry, dict):
            name = next((entry[key] for key in _NAME_KEYS if key in entry), name)
            entry = next((entry[key] for key in _COLOUR_KEYS if key in entry), None)
        yield name, entry


def _colour(value: Any) -> Colour | None:
    if isinstance(value, str):
        found = re.fullmatch(_HEX, value.strip())
        return (int(found[1], 16), int(found[2], 16), int(found[3], 16)) if found else None
    if not isinstance(value, list) or len(value) != 3:
        return None
    red, green, blue = value
    return (red, green, blue) if all(type(one) is int and 0 <= one <= 255 for one in value) else None
