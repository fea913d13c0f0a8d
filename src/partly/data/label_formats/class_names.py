"""What the class numbers of YOLO mean: data.yaml, or a list of names, beside the labels or above them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from partly.data.label_formats.label_text import parsed_text
from partly.data.label_formats.picture_sizes import whole_number
from partly.data.labels.label_bytes import read_label_file
from partly.data.labels.telling import Tell
from partly.errors import BadLabel, listed

YAML_SUFFIXES = (".yaml", ".yml")
LISTS_OF_NAMES = ("classes.txt", "obj.names", "_darknet.labels", "names.txt")
LEVELS_ABOVE = 2
"""How far above the folder of a label file its names may lie: labels/train lies two below data.yaml."""

_MOST_BYTES = 1_000_000
_MOST_YAMLS = 20


@dataclass(frozen=True)
class ClassNames:
    """Names by class number, and the file that says them."""

    names: dict[int, str]
    path: Path

    def name(self, number: int, where: str, path: Path) -> str:
        """The name of a class.

        Args:
            number: its number.
            where: what has it, for errors.
            path: the label file, for errors.

        Raises:
            BadLabel: it has none.
        """
        if number in self.names:
            return self.names[number]
        raise BadLabel(
            f"{where} has the class {number}",
            expected=f"one that {self.path} names: "
            + listed(f"{i} {name}" for i, name in self.names.items()),
            remedy="Add its name there",
            path=path,
        )


def class_names_of(folder: Path, tell: Tell) -> ClassNames | None:
    """The class names for the label files in a folder, from there or above; None: nobody names them.

    Raises:
        BadLabel: the file that names them is damaged, or two beside each other disagree.
    """
    for place in [folder, *folder.parents][: LEVELS_ABOVE + 1]:
        yamls = _yamls(place)
        found = [names for file in yamls if (names := _names_in_yaml(file, tell)) is not None]
        found += [
            ClassNames(_listed_names(file, tell), file)
            for file in (place / name for name in LISTS_OF_NAMES)
            if not found and file.is_file()
        ]
        others = [one for one in found if one.names != found[0].names]
        if others:
            raise BadLabel(
                f"names other classes than {others[0].path.name} beside it",
                expected="one list of class names",
                remedy="Remove the one that does not belong to the labels",
                path=found[0].path,
            )
        if found:
            return found[0]
    return None


def _yamls(folder: Path) -> list[Path]:
    try:
        files = sorted(
            file for file in folder.iterdir() if file.suffix.lower() in YAML_SUFFIXES and file.is_file()
        )
    except OSError:
        return []
    return [file for file in files if not file.name.startswith(".")][:_MOST_YAMLS]


def _names_in_yaml(path: Path, tell: Tell) -> ClassNames | None:
    """The names that a YAML file gives classes; None where it gives none."""
    values = _yaml(path, tell)
    if not isinstance(values, dict) or "names" not in values:
        return None
    if values.get("kpt_shape"):
        raise BadLabel(
            "describes keypoints (kpt_shape)",
            expected="a data set of segmentation",
            remedy="Export the labels as YOLO segmentation, not as pose",
            path=path,
        )
    names = values["names"]
    if isinstance(names, str):
        place = path.parent / names.replace("\\", "/").replace("\0", "")
        names = list(_listed_names(place, tell).values())
    if isinstance(names, list):
        names = dict(enumerate(names))
    checked = _checked(names)
    if not checked:
        raise BadLabel(
            f"has the names {names!r:.200}",
            expected="class names: a list, or numbers with names, or a file of names",
            path=path,
        )
    n_stated = whole_number(values.get("nc"))
    if n_stated is not None and n_stated != len(checked):
        tell(f"{path}: states {n_stated} classes (nc), and names {len(checked)}; the names were taken")
    return ClassNames(checked, path)


def _checked(names: Any) -> dict[int, str] | None:
    """Names by number; None where they are none."""
    if not isinstance(names, dict):
        return None
    numbers = {whole_number(number): name for number, name in names.items()}
    if len(numbers) < len(names) or None in numbers:
        return None
    # YAML takes the names 1, true, no, null for something else; as names they are texts.
    texts = {number: name for number, name in numbers.items() if number is not None}
    if not all(isinstance(name, str | int | float) and not isinstance(name, bool) for name in texts.values()):
        return None
    return {number: str(name).strip() for number, name in texts.items()}


def _listed_names(path: Path, tell: Tell) -> dict[int, str]:
    lines = _text(path, tell).rstrip().split("\n")
    return {number: line.strip() for number, line in enumerate(lines)}


def _yaml(path: Path, tell: Tell) -> Any:
    import yaml  # takes a moment, and few label files need it

    try:
        return yaml.safe_load(_text(path, tell))
    # Beside its own errors it raises those of wrong dates, too large numbers and deep nesting.
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, OverflowError) as error:
        problem = " ".join(str(error).split()) or type(error).__name__
        raise BadLabel(
            f"is no YAML ({problem:.200})",
            expected="names of classes in YAML",
            remedy="Mend that place",
            path=path,
        ) from error


def _text(path: Path, tell: Tell) -> str:
    if path.exists() and not (path.is_file() and path.stat().st_size <= _MOST_BYTES):
        raise BadLabel("is no such list", expected=f"names of classes, up to {_MOST_BYTES} bytes", path=path)
    data = read_label_file(path, "names of classes")
    text, note = parsed_text(data, path)
    if note:
        tell(note)
    return text


def prefix_of_each_other(first: Iterable[str], second: Iterable[str]) -> bool:
    """Whether one list of names only goes on where the other ends."""
    return all(a == b for a, b in zip(first, second, strict=False))
