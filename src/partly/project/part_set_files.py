"""Part sets as a user gives them: a name, names with commas, or a file."""

from __future__ import annotations

from pathlib import Path

from partly.data.labels import FACE_PARTS, PartSet
from partly.errors import BadLabel, BadOption
from partly.storage import parsed_json, parsed_toml, read_decoded

NAMED = {"faces": FACE_PARTS}


def part_set_from(text: str) -> PartSet:
    """A part set: ``faces``, ``background,leaf,vein``, or a JSON or TOML file (a project's too).

    Raises:
        BadOption: it is none of these.
        BadLabel: the parts are no part set.
    """
    if text in NAMED:
        return NAMED[text]
    path = Path(text)
    if path.suffix.lower() in (".json", ".toml") or path.is_file():
        return _from_file(path)
    if "," not in text:
        raise BadOption(
            f"there is no part set {text!r}",
            expected=f"{', '.join(NAMED)}, a JSON or TOML file, or names with commas between them",
            remedy="Name the background first: background,leaf,vein",
        )
    return PartSet.from_names([name.strip() for name in text.split(",")])


def _from_file(path: Path) -> PartSet:
    try:
        text = read_decoded(path)
        values = parsed_toml(text) if path.suffix.lower() == ".toml" else parsed_json(text)
    except OSError as error:
        raise BadLabel(f"cannot be read ({error.strerror})", expected="a part set", path=path) from error
    except ValueError as error:
        raise BadLabel(f"is no JSON or TOML ({error})", expected="a part set", path=path) from error
    if isinstance(values, dict):
        values = values.get("parts")
    return PartSet.from_json(values, path)
