"""Parts and part sets: what the ids of a label map mean, and how they look."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from partly.data.labels.part_colours import UNLABELLED_COLOUR, Colour, distinct_colours
from partly.errors import BadLabel

UNLABELLED = 255
"""Id of pixels that nobody labelled; they are left out of every fit and every count."""

UNLABELLED_NAME = "unlabelled"
"""Name of :data:`UNLABELLED` in label files that know names only; no part may have it."""

MAX_PARTS = 255


@dataclass(frozen=True)
class Part:
    """A named region class.

    Attributes:
        name: how it is called, in the part set's own language.
        colour: red, green, blue, each 0 to 255.
        mirror: name of the part that it becomes in a mirrored picture (left eye, right eye); None: itself.

    Raises:
        BadLabel: no usable name, or no colour.
    """

    name: str
    colour: Colour
    mirror: str | None = None

    def __post_init__(self) -> None:
        _check_name(self.name)
        object.__setattr__(self, "colour", _checked_colour(self.colour, self.name))
        if self.mirror is not None and not isinstance(self.mirror, str):
            raise BadLabel(
                f"part {self.name!r} has the mirror {self.mirror!r}", expected="the name of a part"
            )


@dataclass(frozen=True)
class PartSet:
    """An ordered list of parts; a part's place is its id, and id 0 is the background.

    Raises:
        BadLabel: fewer than two parts, more than 255, two with one name or one colour, or a mirror that does
            not exist or does not point back.
    """

    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.parts))
        _check_count(len(self.parts))
        _check_distinct_names(self.parts)
        _check_distinct_colours(self.parts)
        _check_mirrors(self.parts)

    @property
    def n_parts(self) -> int:
        """Number of parts, the background included."""
        return len(self.parts)

    @property
    def names(self) -> tuple[str, ...]:
        """Names in order of ids."""
        return tuple(part.name for part in self.parts)

    @property
    def colours(self) -> npt.NDArray[np.uint8]:
        """Colours in order of ids, uint8 [k, 3]."""
        return np.array([part.colour for part in self.parts], np.uint8)

    @property
    def palette(self) -> npt.NDArray[np.uint8]:
        """A colour for each of the 256 ids, uint8 [256, 3]; ids without a part are black."""
        colours = np.zeros((256, 3), np.uint8)
        colours[: self.n_parts] = self.colours
        colours[UNLABELLED] = UNLABELLED_COLOUR
        return colours

    def index(self, name: str) -> int:
        """Id of the part with this name.

        Raises:
            BadLabel: there is none.
        """
        if name in self.names:
            return self.names.index(name)
        close = difflib.get_close_matches(name, self.names, n=1)
        raise BadLabel(
            f"there is no part {name!r}",
            expected=f"one of {', '.join(self.names)}",
            remedy=f"Did you mean {close[0]!r}" if close else None,
        )

    def mirror_permutation(self) -> tuple[int, ...]:
        """For each id, the id that it becomes in a mirrored picture; its own inverse."""
        return tuple(self.index(part.mirror or part.name) for part in self.parts)

    def to_json(self) -> list[dict[str, Any]]:
        """Plain JSON values; :meth:`from_json` reads them back."""
        return [
            {"name": part.name, "colour": list(part.colour)}
            | ({"mirror": part.mirror} if part.mirror else {})
            for part in self.parts
        ]

    @classmethod
    def from_json(cls, values: Any, path: str | Path | None = None) -> PartSet:
        """A part set from plain JSON (or TOML) values: a list of ``{"name", "colour", "mirror"?}``.

        Args:
            values: what the file holds.
            path: the file that errors name.

        Raises:
            BadLabel: the values are no part set.
        """
        try:
            return cls(tuple(_part_from_json(value) for value in _checked_list(values)))
        except BadLabel as error:
            raise BadLabel(error.found, expected=error.expected, remedy=error.remedy, path=path) from None

    @classmethod
    def from_names(cls, names: Sequence[str]) -> PartSet:
        """A part set with colours chosen for it; the first name is the background.

        Raises:
            BadLabel: as for any part set.
        """
        _check_count(len(names))
        return cls(tuple(map(Part, names, distinct_colours(len(names)))))


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name.strip() or name != name.strip() or not name.isprintable():
        raise BadLabel(
            f"the part name {name!r} is unusable",
            expected="a printable text without spaces around it",
            remedy="Give the part another name",
        )
    if name == UNLABELLED_NAME:
        raise BadLabel(
            f"a part is called {name!r}",
            expected=f"any other name: pixels without a label ({UNLABELLED}) are called that",
            remedy="Give the part another name",
        )


def _checked_colour(colour: object, name: str) -> Colour:
    values = tuple(colour) if isinstance(colour, Iterable) else ()
    if len(values) != 3 or not all(_is_byte(value) for value in values):
        raise BadLabel(
            f"part {name!r} has the colour {colour!r}",
            expected="red, green, blue, each a number from 0 to 255",
        )
    return int(values[0]), int(values[1]), int(values[2])


def _is_byte(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and 0 <= int(value) <= 255


def _check_count(n_parts: int) -> None:
    if n_parts < 2:
        raise BadLabel(
            "the part set is empty" if n_parts == 0 else "the part set has one part only",
            expected="the background and at least one more part",
            remedy="Name the parts that the picture shows",
        )
    if n_parts > MAX_PARTS:
        raise BadLabel(
            f"the part set has {n_parts} parts",
            expected=f"at most {MAX_PARTS}: ids are one byte, and {UNLABELLED} means unlabelled",
        )


def _check_distinct_names(parts: tuple[Part, ...]) -> None:
    counts = Counter(part.name for part in parts)
    twice = [name for name, n_times in counts.items() if n_times > 1]
    if twice:
        raise BadLabel(
            f"the part set has two parts called {', '.join(map(repr, twice))}",
            expected="distinct names",
            remedy="Rename or remove one of them",
        )


def _check_distinct_colours(parts: tuple[Part, ...]) -> None:
    owners: dict[Colour, str] = {UNLABELLED_COLOUR: UNLABELLED_NAME}
    for part in parts:
        other = owners.setdefault(part.colour, part.name)
        if other != part.name:
            raise BadLabel(
                f"{other!r} and {part.name!r} have the same colour {part.colour}",
                expected="distinct colours, so that a coloured label map can be read back",
                remedy=f"Give {part.name!r} another colour",
            )


def _check_mirrors(parts: tuple[Part, ...]) -> None:
    mirrors = {part.name: part.mirror or part.name for part in parts}
    for name, mirror in mirrors.items():
        if mirror not in mirrors:
            raise BadLabel(
                f"part {name!r} has the mirror {mirror!r}, which is no part",
                expected=f"one of {', '.join(mirrors)}",
                remedy="Correct or remove the mirror",
            )
        if mirrors[mirror] != name:
            other = "none" if mirrors[mirror] == mirror else repr(mirrors[mirror])
            raise BadLabel(
                f"part {name!r} has the mirror {mirror!r}, but {mirror!r} has {other}",
                expected="mirrors that point to each other",
                remedy=f"Give {mirror!r} the mirror {name!r}",
            )


def _checked_list(values: Any) -> list[Any]:
    if not isinstance(values, list):
        raise BadLabel(f"the part set is a {type(values).__name__}", expected="a list of parts")
    return values


def _part_from_json(value: Any) -> Part:
    if not isinstance(value, dict) or not {"name", "colour"} <= set(value) <= {"name", "colour", "mirror"}:
        raise BadLabel(
            f"the part set has the entry {value!r}", expected='{"name": …, "colour": [r, g, b], "mirror": …}'
        )
    return Part(value["name"], value["colour"], value.get("mirror"))


FACE_PARTS = PartSet.from_names(
    ("background", "skin", "nose", "eye", "brow", "ear", "mouth", "hair", "neck", "cloth")
)
"""The ten parts of a face; people who see red, green or blue badly can tell the colours apart too."""
