"""Changes of a part set, and what they do to the ids of label maps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from partly.data.labels.part_colours import Colour, distinct_colours
from partly.data.labels.part_sets import UNLABELLED, Part, PartSet
from partly.errors import BadLabel, BadOption

Table = npt.NDArray[np.uint8]
"""New id for each old one, uint8 [256]: ``table[label_map]`` is the label map in the new part set. Ids of
deleted parts, and ids that are no part, become unlabelled (255)."""


@dataclass(frozen=True)
class AddPart:
    """One more part, after another one (None: the last); without a colour it gets one that is free."""

    name: str
    colour: Colour | None = None
    after: str | None = None


@dataclass(frozen=True)
class RenamePart:
    """Another name; a part that has it as its mirror follows."""

    name: str
    to: str


@dataclass(frozen=True)
class RecolourPart:
    """Another colour."""

    name: str
    colour: Colour


@dataclass(frozen=True)
class MergeParts:
    """The pixels of one part become those of another, and the part goes; its mirror loses it."""

    name: str
    into: str


@dataclass(frozen=True)
class DeletePart:
    """The part goes, and its pixels become unlabelled; its mirror loses it."""

    name: str


@dataclass(frozen=True)
class MoveParts:
    """Another order: all names, the background's first."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class PairParts:
    """Two parts become each other's mirror, and lose those that they had; None: it has no mirror any more."""

    left: str
    right: str | None


PartChange = AddPart | RenamePart | RecolourPart | MergeParts | DeletePart | MoveParts | PairParts

_KINDS: dict[str, type[PartChange]] = {
    "add": AddPart,
    "rename": RenamePart,
    "recolour": RecolourPart,
    "merge": MergeParts,
    "delete": DeletePart,
    "move": MoveParts,
    "pair": PairParts,
}
_MAY_BE_NONE = {("add", "colour"), ("add", "after"), ("pair", "right")}


def changed(part_set: PartSet, change: PartChange) -> tuple[PartSet, Table]:
    """A part set after a change, and what becomes of the old ids.

    Raises:
        BadLabel: an unknown or taken name, a colour that another part has, an order that is none, a change
            that the background cannot have, or too few or too many parts.
    """
    new = PartSet(tuple(_parts_after(part_set, change)))
    return new, _table(part_set, new, _followers(change))


def table_of_edit(old: PartSet, new: PartSet) -> Table:
    """What becomes of the ids when somebody wrote another part set by hand, uint8 [256].

    Parts are known by their names, those with a new name by their colours. What was the background and is
    not found stays the background; any other part that is not found becomes unlabelled.
    """
    strangers = {part.colour: part.name for part in new.parts if part.name not in old.names}
    followers = {
        part.name: strangers[part.colour]
        for part in old.parts
        if part.name not in new.names and part.colour in strangers
    }
    if old.names[0] not in (*new.names, *followers):
        followers[old.names[0]] = new.names[0]
    return _table(old, new, followers)


def change_from_json(value: Any) -> PartChange:
    """A change from plain JSON values: ``{"kind": "rename", "name": "eye", "to": "left eye"}``.

    Kinds are add, rename, recolour, merge, delete, move and pair; the other keys are the attributes.

    Raises:
        BadOption: the values are no change.
    """
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise BadOption(
            f"there is no part change of the kind {kind!r}", expected=f"one of {', '.join(_KINDS)}"
        )
    names = [field.name for field in fields(_KINDS[kind])]
    unknown = [name for name in value if name not in ("kind", *names)]
    missing = [name for name in names if name not in value and (kind, name) not in _MAY_BE_NONE]
    if unknown or missing:
        problem = f"has the unknown {unknown[0]!r}" if unknown else f"lacks {missing[0]!r}"
        raise BadOption(f"the part change {kind!r} {problem}", expected=f"the keys {', '.join(names)}")
    return _KINDS[kind](**{name: _attribute(kind, name, value.get(name)) for name in names})


def change_to_json(change: PartChange) -> dict[str, Any]:
    """Plain JSON values; :func:`change_from_json` reads them back."""
    kind = next(kind for kind, owner in _KINDS.items() if isinstance(change, owner))
    return {"kind": kind} | asdict(change)


def _attribute(kind: str, name: str, value: Any) -> Any:
    if value is None and (kind, name) in _MAY_BE_NONE:
        return None
    match name:
        case "colour":
            # Whether these are three bytes, the part itself says.
            expected, is_right = "[red, green, blue]", isinstance(value, list)
        case "names":
            expected = "a list of names"
            is_right = isinstance(value, list) and all(isinstance(item, str) for item in value)
        case _:
            expected, is_right = "the name of a part", isinstance(value, str)
    if not is_right:
        raise BadOption(f"the part change {kind!r} has the {name} {value!r}", expected=expected)
    return tuple(value) if isinstance(value, list) else value


def _parts_after(part_set: PartSet, change: PartChange) -> Sequence[Part]:
    match change:
        case AddPart():
            return _added(part_set, change)
        case RenamePart():
            return _renamed(part_set, change)
        case RecolourPart():
            part_set.index(change.name)
            return [
                replace(part, colour=change.colour) if part.name == change.name else part
                for part in part_set.parts
            ]
        case MergeParts():
            return _merged(part_set, change)
        case DeletePart():
            return _without(part_set, change.name, "deleted")
        case MoveParts():
            return _moved(part_set, change)
        case PairParts():
            return _paired(part_set, change)
        case _:
            assert_never(change)


def _followers(change: PartChange) -> dict[str, str]:
    """Which part takes the pixels of a part that is no longer there."""
    match change:
        case RenamePart():
            return {change.name: change.to}
        case MergeParts():
            return {change.name: change.into}
        case _:
            return {}


def _table(old: PartSet, new: PartSet, followers: Mapping[str, str]) -> Table:
    ids = {name: i for i, name in enumerate(new.names)}
    table = np.full(256, UNLABELLED, np.uint8)
    table[: old.n_parts] = [ids.get(followers.get(name, name), UNLABELLED) for name in old.names]
    return table


def _added(part_set: PartSet, change: AddPart) -> Sequence[Part]:
    _check_free(part_set, change.name)
    place = part_set.n_parts if change.after is None else part_set.index(change.after) + 1
    colour = _free_colour(part_set) if change.colour is None else change.colour
    return [*part_set.parts[:place], Part(change.name, colour), *part_set.parts[place:]]


def _free_colour(part_set: PartSet) -> Colour:
    used = {part.colour for part in part_set.parts}
    # The first colour is made for a background; of n + 1 others, n parts cannot have all.
    return next(colour for colour in distinct_colours(part_set.n_parts + 2)[1:] if colour not in used)


def _renamed(part_set: PartSet, change: RenamePart) -> Sequence[Part]:
    part_set.index(change.name)
    if change.to != change.name:
        _check_free(part_set, change.to)
    names = {change.name: change.to}
    return [
        Part(
            names.get(part.name, part.name),
            part.colour,
            None if part.mirror is None else names.get(part.mirror, part.mirror),
        )
        for part in part_set.parts
    ]


def _merged(part_set: PartSet, change: MergeParts) -> Sequence[Part]:
    part_set.index(change.into)
    if change.name == change.into:
        raise BadLabel(f"part {change.name!r} is merged into itself", expected="two different parts")
    return _without(part_set, change.name, "merged into another part")


def _without(part_set: PartSet, name: str, deed: str) -> Sequence[Part]:
    if part_set.index(name) == 0:
        raise BadLabel(
            f"{name!r} is the background, which cannot be {deed}",
            expected="any other part",
            remedy="Rename it, or merge other parts into it",
        )
    return [
        replace(part, mirror=None) if part.mirror == name else part
        for part in part_set.parts
        if part.name != name
    ]


def _moved(part_set: PartSet, change: MoveParts) -> Sequence[Part]:
    if Counter(change.names) != Counter(part_set.names):
        raise BadLabel(
            f"the new order is {', '.join(change.names)}",
            expected=f"each of these once: {', '.join(part_set.names)}",
        )
    background = part_set.names[0]
    if change.names[0] != background:
        raise BadLabel(
            f"the new order begins with {change.names[0]!r}",
            expected=f"{background!r}: the background is always the first",
        )
    return [part_set.parts[part_set.index(name)] for name in change.names]


def _paired(part_set: PartSet, change: PairParts) -> Sequence[Part]:
    pair = [change.left] if change.right is None else [change.left, change.right]
    places = [part_set.index(name) for name in pair]
    if change.right is not None and (0 in places or change.left == change.right):
        raise BadLabel(
            f"{change.left!r} and {change.right!r} cannot be left and right",
            expected="two different parts, neither of them the background",
        )
    mirrors: dict[str, str | None] = {
        part.name: None if part.name in pair or part.mirror in pair else part.mirror
        for part in part_set.parts
    }
    if change.right is not None:
        mirrors |= {change.left: change.right, change.right: change.left}
    return [replace(part, mirror=mirrors[part.name]) for part in part_set.parts]


def _check_free(part_set: PartSet, name: str) -> None:
    if name in part_set.names:
        raise BadLabel(
            f"there is a part {name!r} already",
            expected="a name that no part has",
            remedy="Choose another name, or merge the two parts",
        )
