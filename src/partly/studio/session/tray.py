"""The pictures to choose from, in their order, with what was decided about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from partly.errors import BadOption, BadProject, NotFound
from partly.project import Project, ProposedPicture, find_picture, picture_ids
from partly.storage import read_json_or_none, write_json

REASONS = ("representative", "unsure", "yours", "asked")
_SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Choices:
    """What is known about a picture besides its pixels.

    Attributes:
        reason: why it is there; "yours": another program or command put it there.
        score: how good a choice it is, comparable within one reason and proposal only; None: unknown.
        pinned, skipped: what was decided.
        accepted: number of strokes with which a prediction was accepted; None: it never was.
    """

    reason: str = "yours"
    score: float | None = None
    pinned: bool = False
    skipped: bool = False
    accepted: int | None = None


class Tray:
    """The pictures of a project's generator, or its photos, each with its choices; written at every change.

    Args:
        project: whose pictures.
        path: the JSON of the choices; a missing or damaged one is begun anew.
        generator_digest: pictures of other generators are left out; None: it is not known yet. Where photos
            are labelled, generated pictures are left out, and photos elsewhere.
    """

    def __init__(self, project: Project, path: Path, generator_digest: str | None) -> None:
        self._project, self._path, self._digest = project, path, generator_digest
        self._pictures: dict[str, ProposedPicture] = {}
        self._choices: dict[str, Choices] = {}
        self._order: list[str] = []
        self._left_out: set[str] = set()
        self.is_proposed = False
        self.next_seed = 0
        self._read()
        self.look()

    def look(self) -> bool:
        """Take in pictures that came, let go of those that went; whether there were any."""
        there = set(picture_ids(self._project))
        gone = [name for name in self._pictures if name not in there]
        for name in gone:
            del self._pictures[name]
        new = [name for name in self._in_order(there) if name not in {*self._pictures, *self._left_out}]
        n_before = len(self._pictures)
        for name in new:
            self._take(name)
        return bool(gone) or len(self._pictures) > n_before

    def ids(self) -> list[str]:
        """Ids of all pictures, in order."""
        return self._in_order(self._pictures)

    def __contains__(self, picture_id: str) -> bool:
        return picture_id in self._pictures

    def picture(self, picture_id: str) -> ProposedPicture:
        """A picture by its id.

        Raises:
            NotFound: there is none.
        """
        if picture_id not in self._pictures:
            raise NotFound(
                f"there is no picture {picture_id[:120]!r}", remedy="Look again: the page may be an old one"
            )
        return self._pictures[picture_id]

    def choices(self, picture_id: str) -> Choices:
        """What is known of a picture."""
        return self._choices.get(picture_id, Choices())

    def add(self, picture: ProposedPicture, reason: str, score: float | None = None) -> None:
        """One more picture, at the end, unless it is there already; it is written down."""
        self._pictures[picture.id] = picture
        if picture.id not in self._order:
            self._order.append(picture.id)
        if picture.id in self._choices:
            self.write()
        else:
            self.choose(picture.id, reason=reason, score=score)

    def choose(self, picture_id: str, **changes: Any) -> Choices:
        """Change what is known of a picture; it is on disk when this returns."""
        choices = replace(self.choices(picture_id), **changes)
        self._choices[picture_id] = choices
        self.write()
        return choices

    def move(self, picture_id: str, place: int) -> None:
        """Put a picture at another place, counted from 0.

        Raises:
            BadOption: there is no such place.
        """
        ids = self.ids()
        if not 0 <= place < len(ids):
            raise BadOption(f"the place is {place}", expected=f"0 to {len(ids) - 1}")
        ids.remove(picture_id)
        ids.insert(place, picture_id)
        self._order = ids
        self.write()

    def write(self) -> None:
        """Write down the order and all choices."""
        values = {
            "schema_version": _SCHEMA_VERSION,
            "order": self._order,
            "is_proposed": self.is_proposed,
            "next_seed": self.next_seed,
            "choices": {name: asdict(choices) for name, choices in self._choices.items()},
        }
        write_json(self._path, values)

    def _take(self, name: str) -> None:
        try:
            picture = find_picture(self._project, name)
        except BadProject:
            self._left_out.add(name)  # a damaged record; such a picture cannot be learned from
            return
        is_photo = picture.photo is not None
        is_of_another = not is_photo and self._digest not in (None, picture.generator_digest)
        if is_of_another or is_photo != (self._project.settings.fitted_on == "photos"):
            self._left_out.add(name)
            return
        self._pictures[name] = picture
        if name not in self._order:
            self._order.append(name)

    def _in_order(self, names: Mapping[str, Any] | set[str]) -> list[str]:
        known = [name for name in self._order if name in names]
        return known + sorted(name for name in names if name not in self._order)

    def _read(self) -> None:
        values = read_json_or_none(self._path) or {}
        if values.get("schema_version") != _SCHEMA_VERSION:
            return
        try:
            self._choices = {str(name): _checked(entry) for name, entry in values["choices"].items()}
            self._order = [str(name) for name in values["order"]]
            self.is_proposed = values["is_proposed"] is True
            self.next_seed = max(0, int(values["next_seed"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            self._choices, self._order = {}, []


def _checked(entry: Any) -> Choices:
    choices = Choices(**entry)
    if choices.reason not in REASONS:
        raise ValueError(choices.reason)
    return choices
