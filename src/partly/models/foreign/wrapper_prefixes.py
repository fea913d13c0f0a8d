"""State dicts within what other programs wrap them in: dicts of several networks, and prefixes of names.

``DataParallel`` puts ``module.`` before all names, ``torch.compile`` ``_orig_mod.``, and a network within
another one the name that it has there, such as ``decoder.`` or ``generator.``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from partly.errors import BadModelFile, counted, listed
from partly.models.foreign.inert_tensors import is_tensor

_AVERAGED = re.compile(r"ema|averag|teacher", re.IGNORECASE)
_MAX_DEPTH = 2


@dataclass(frozen=True)
class Wrapped:
    """A state dict as it was found.

    Attributes:
        keys: those of the dicts that it is within, outermost first.
        prefix: what stood before its names.
        state: its values by name, without the prefix.
        others: names beside it that begin otherwise.
    """

    keys: tuple[str, ...]
    prefix: str
    state: Mapping[str, Any]
    others: tuple[str, ...]

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return "".join(f"[{key!r}]" for key in self.keys) + self.prefix

    @property
    def remarks(self) -> list[str]:
        """What is to be said of it, a clause each."""
        if not self.prefix:
            return []
        remarks = [f"its names begin with {self.prefix!r}, which was taken off"]
        if self.others:
            remarks.append(f"{counted(len(self.others), 'tensor')} with other names were left out")
        return remarks


def wrapped_states(content: Any, signs: tuple[str, ...]) -> list[Wrapped]:
    """All state dicts with these names, under whatever prefix, in a file's content or two dicts deeper.

    Args:
        content: of the file.
        signs: names that each of them has.
    """
    return list(_found(content, signs, ()))


def chosen_state(found: list[Wrapped], path: Path) -> Wrapped:
    """The averaged one of several, by its name.

    Args:
        found: one at least.
        path: the file, for errors.

    Raises:
        BadModelFile: none or several of them are called averaged.
    """
    averaged = found if len(found) == 1 else [one for one in found if _AVERAGED.search(one.place)]
    if len(averaged) != 1:
        places = listed(one.place or "names without a prefix" for one in averaged or found)
        raise BadModelFile(
            f"holds several networks of the same kind: {places}",
            expected="one, or one that is called ema",
            remedy="Ask whoever wrote it for the averaged weights alone",
            path=path,
        )
    return averaged[0]


def _found(content: Any, signs: tuple[str, ...], keys: tuple[str, ...]) -> Iterator[Wrapped]:
    if not isinstance(content, dict):
        return
    for prefix in _prefixes(content, signs[0]):
        if all(prefix + sign in content for sign in signs):
            own = {n.removeprefix(prefix): v for n, v in content.items() if _begins(n, prefix)}
            others = tuple(str(n) for n, v in content.items() if not _begins(n, prefix) and is_tensor(v))
            yield Wrapped(keys, prefix, own, others)
    if len(keys) < _MAX_DEPTH:
        for key, value in content.items():
            yield from _found(value, signs, (*keys, str(key)))


def _prefixes(content: Mapping[Any, Any], sign: str) -> list[str]:
    ends = [name for name in content if isinstance(name, str) and f".{name}".endswith(f".{sign}")]
    return [name.removesuffix(sign) for name in ends]


def _begins(name: Any, prefix: str) -> bool:
    return isinstance(name, str) and name.startswith(prefix)
