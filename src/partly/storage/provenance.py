"""What a result depends on, kept beside it: go on with what is there, or refuse and say what differs.

Everything of Partly that goes on after a stop, or that is not made twice, asks here whether what lies on the
disk is what is asked for now. Values are plain JSON values by names that people read: they stand in errors.
On a difference there are two ways: :func:`claim` and :meth:`Provenance.check` refuse, for work that people
would miss; :meth:`Provenance.matches` only answers, for records and caches that are made anew.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from partly.errors import BadOption
from partly.storage.files import write_json
from partly.storage.parsed_text import parsed_json

_SHA256 = re.compile(r"[0-9a-f]{64}")
_N_SHOWN = 12  # characters of a digest
_LONGEST = 40  # characters of a value that an error shows


@dataclass(frozen=True)
class Provenance:
    """What a result depends on.

    Attributes:
        values: plain JSON values (tuples are taken as lists) by names; those of an object within are named
            "object.name".
        free: names that may differ: how long to train, how often to save.
        assumed: values of names that an earlier version did not write down.
    """

    values: Mapping[str, Any]
    free: frozenset[str] = frozenset()
    assumed: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The values as JSON gives them back, those that are free too."""
        return _plain(self.values)

    @property
    def digest(self) -> str:
        """SHA-256 of all values but those that are free, whatever their order."""
        fixed = {name: value for name, value in _flat(_plain(self.values)).items() if not self._is_free(name)}
        return hashlib.sha256(json.dumps(fixed, sort_keys=True).encode()).hexdigest()

    def matches(self, held: Mapping[str, Any] | None) -> bool:
        """Whether what is held was made of the same; None is nothing."""
        return held is not None and not self.differences(held)

    def differences(self, held: Mapping[str, Any]) -> list[str]:
        """What differs, as clauses: ``size_px 64, not 128``; in the order of the values.

        Args:
            held: the values of what is there.
        """
        wanted = _flat(_plain(self.values))
        before = _flat(_plain(self.assumed)) | _flat(_plain(held))
        names = [*wanted, *(name for name in _flat(_plain(held)) if name not in wanted)]
        return [
            _clause(name, before, wanted)
            for name in names
            if not self._is_free(name)
            and (name in before, before.get(name)) != (name in wanted, wanted.get(name))
        ]

    def check(
        self,
        held: Mapping[str, Any],
        path: Path,
        *,
        what: str = "a result",
        remedy: str = "Repeat them, or choose another folder",
    ) -> None:
        """Refuse what is made of something else.

        Args:
            held: the values of what is there.
            path: where it is.
            what: it is, as errors say it: "a training".
            remedy: what the user can do, as an imperative sentence.

        Raises:
            BadOption: something differs.
        """
        if told := self.differences(held):
            raise BadOption(
                f"holds {what} with {', '.join(told)}",
                expected="the same, to go on with it",
                remedy=remedy,
                path=path,
            )

    def _is_free(self, name: str) -> bool:
        return any(name == free or name.startswith(f"{free}.") for free in self.free)


def claim(
    path: Path,
    provenance: Provenance,
    *,
    what: str = "a result",
    remedy: str = "Repeat them, or choose another folder",
) -> bool:
    """Begin a result, or go on with one: write its provenance to ``path``, or compare with what is there.

    Args:
        path: the JSON file beside the result; errors name its folder.
        provenance: what the result depends on.
        what: is made, as errors say it: "a training".
        remedy: what the user can do about a difference, as an imperative sentence.

    Returns:
        Whether there was one to go on with.

    Raises:
        BadOption: there is one that is made of something else, or the file is damaged.
    """
    held, wanted = read_provenance(path), provenance.to_json()
    if held is not None:
        provenance.check(held, path.parent, what=what, remedy=remedy)
    if held != wanted:
        write_json(path, wanted)
    return held is not None


def read_provenance(path: Path) -> dict[str, Any] | None:
    """The values that a claim wrote; None where there is none.

    Raises:
        BadOption: the file is damaged.
    """
    try:
        values = parsed_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise BadOption(f"is no JSON ({error})", remedy="Use an empty folder", path=path) from error
    if not isinstance(values, dict):
        raise BadOption("is no JSON object", remedy="Use an empty folder", path=path)
    return values


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON gives them back: lists for tuples, text for the keys of objects."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(values)))
    return plain


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Objects within as their own values, named ``object.name``."""
    return dict(_leaves(values, ""))


def _leaves(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _other(name: str) -> str:
    """As in "other photos" and "another seed"."""
    return "other" if name.endswith("s") else "another"


def _clause(name: str, before: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    if name not in wanted:
        return f"{name} {_shown(before[name]) or ''}".rstrip() + ", which is not asked for now"
    if name not in before:
        return f"no {name}"
    held, asked = _shown(before[name]), _shown(wanted[name])
    return (
        f"{_other(name)} {name}"
        if held is None or asked is None or held == asked
        else f"{name} {held}, not {asked}"
    )


def _shown(value: Any) -> str | None:
    """A value as errors show it; None for one that is too long to read."""
    if isinstance(value, str) and _SHA256.fullmatch(value):
        return f"{value[:_N_SHOWN]}…"
    text = repr(value)
    return text if len(text) <= _LONGEST else None
