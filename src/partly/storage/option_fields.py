"""What a user can choose: each choice is one field of a frozen dataclass, with its help, range and default.

The command line (:mod:`partly.cli.option_flags`), ``project.toml``, the studio's forms and the reference are
made of these fields, so that a new choice is one edit: the field.
"""

from __future__ import annotations

import math
import sys
import types
import typing
from collections.abc import Collection, Hashable, Mapping
from dataclasses import MISSING, astuple, dataclass, field, fields, is_dataclass
from functools import cache
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal, TypeVar

from partly.errors import BadOption

MOST_SEED = 2**31 - 1
"""Seed and step make the 64 bits of a random generator's seed."""

_KEY = "partly.option"
OptionsT = TypeVar("OptionsT")
KINDS: dict[type, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
    tuple: "a list of texts",
    Path: "a path",
}


@dataclass(frozen=True)
class Option:
    """One choice, as all faces show it.

    Attributes:
        name: of the field, of the key in ``project.toml`` and of the field in a form.
        kind: int, float, bool, str, tuple (of texts), Path, or a dataclass of two numbers, low and high.
        default: what holds where nothing is said.
        may_be_none: None is a value, too: left to the program.
        help: one sentence or two; says what it does, and in which unit.
        flag: on the command line; ``--yes/--no`` for two that exclude each other; "" for none.
        metavar: what stands for the value in the help of the command line; None is as click has it.
        at_least, at_most: the range of a number, or of both of two, ends included; None is no end.
        above, below: the range of a number, ends excluded; None is no end.
        what: what the number is, such as "a share", for errors.
        choices: the texts that can be, which may be the names of a table; none means any.
        in_project: it is a key of ``project.toml``.
        in_form: it is a field of the studio's forms.
    """

    name: str
    kind: type
    default: Any
    may_be_none: bool
    help: str
    flag: str = ""
    metavar: str | None = None
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None
    what: str = ""
    choices: Collection[str] = ()
    in_project: bool = False
    in_form: bool = False

    @property
    def is_pair(self) -> bool:
        """Whether a value is two numbers, low and high."""
        return is_dataclass(self.kind)

    @property
    def kind_text(self) -> str:
        """What a value is, whatever its range, in words."""
        return "two numbers, the lower one first" if self.is_pair else KINDS[self.kind]

    @property
    def expected(self) -> str:
        """What values can be, in words: "2 or more", "a share from 0 to below 1", "one of crop, pad"."""
        if self.choices:
            several = "one or several of" if self.kind is tuple else "one of"
            return f"{several} {', '.join(self.choices)}"
        if not self.range_text:
            return self.kind_text
        if self.is_pair:
            return f"{self.kind_text}, both {self.range_text}"
        if not self.what:
            return self.range_text
        return f"{self.what}{' from ' if ' to ' in self.range_text else ', '}{self.range_text}"

    @property
    def range_text(self) -> str:
        """The range of a number in words: "2 or more", "0 to below 1"; nothing where all will do."""
        low, high = self._lowest(), self._highest()
        if low and high:
            return f"{low} to {high}"
        if low:
            return f"{low} or more" if self.above is None else f"more than {self.above:g}"
        return f"{high} or less" if high and self.below is None else high

    def _lowest(self) -> str:
        if self.above is not None:
            return f"above {self.above:g}"
        return "" if self.at_least is None else f"{self.at_least:g}"

    def _highest(self) -> str:
        if self.below is not None:
            return f"below {self.below:g}"
        return "" if self.at_most is None else str(self.at_most)

    def fits(self, value: Any) -> bool:
        """Whether a value can be chosen."""
        return self.has_kind(value) and self.is_in_range(value)

    def has_kind(self, value: Any) -> bool:
        """Whether a value is of the right type; whole numbers are numbers, too."""
        if value is None:
            return self.may_be_none
        if self.kind is tuple:
            return isinstance(value, tuple | list) and all(isinstance(v, str) for v in value)
        if self.is_pair and isinstance(value, tuple | list):
            return len(value) == 2 and all(isinstance(v, Real) and not isinstance(v, bool) for v in value)
        if self.kind is bool or isinstance(value, bool):
            return self.kind is bool and isinstance(value, bool)
        if self.kind is int:
            return isinstance(value, Integral)
        if self.kind is float:
            return isinstance(value, Real)
        return isinstance(value, self.kind)

    def is_in_range(self, value: Any) -> bool:
        """Whether a value of the right type is within the range, or one of the choices."""
        if value is None:
            return True
        if self.kind is tuple:
            return not self.choices or (bool(value) and set(value) <= set(self.choices))
        if self.choices:
            return value in self.choices
        if self.is_pair:
            low, high = self.plain(value)
            return self._is_between(low) and self._is_between(high) and low <= high
        return self.kind not in (int, float) or self._is_between(value)

    def _is_between(self, value: Any) -> bool:
        ends = (
            self.at_least is None or value >= self.at_least,
            self.at_most is None or value <= self.at_most,
            self.above is None or value > self.above,
            self.below is None or value < self.below,
        )
        try:
            return math.isfinite(value) and all(ends)
        except OverflowError:  # a whole number that no float holds
            return False

    def check(self, value: Any) -> None:
        """Refuse a value that cannot be.

        Raises:
            BadOption: it is of another type, out of range, or none of the choices.
        """
        if self.fits(value):
            return
        expected = self.expected if self.has_kind(value) else self.kind_text
        told = ", ".join(value) or "empty" if self.kind is tuple and self.has_kind(value) else repr(value)
        raise BadOption(f"{self.name} is {told}", expected=expected + (", or none" * self.may_be_none))

    def taken(self, value: Any) -> Any:
        """A value of a command line, of TOML or JSON as the field has it.

        Raises:
            BadOption: two numbers that cannot be.
        """
        if value is None or isinstance(value, self.kind):
            return value
        if self.is_pair:
            return self.kind(*value)
        return self.kind(value) if self.kind in (float, tuple) else value

    def plain(self, value: Any) -> Any:
        """A value of the field as TOML and JSON have it, which may have it so already."""
        if isinstance(value, tuple | list):
            return list(value)
        return list(astuple(value)) if self.is_pair and value is not None else value


def option(
    default: Any,
    help: str,
    *,
    flag: str | None = None,
    choices: Collection[str] = (),
    what: str = "",
    **more: Any,
) -> Any:
    """A field of a dataclass of options.

    Args:
        default: what holds where nothing is said.
        help: as in :class:`Option`.
        flag: as in :class:`Option`; by default the field's name with dashes.
        choices: as in :class:`Option`; a field of type ``Literal`` has its own.
        what: as in :class:`Option`.
        **more: other attributes of :class:`Option`.
    """
    values = {"help": help, "flag": flag, "choices": choices, "what": what, **more}
    if isinstance(default, list | dict | set):
        raise TypeError(f"an option's default cannot change: {default!r}")
    return field(default=default, metadata={_KEY: values})


def options_of(cls: type) -> tuple[Option, ...]:
    """The options of a dataclass in the order of its fields; other fields are nobody's choice."""
    return _options_of(cls)


@cache
def _options_of(cls: Hashable) -> tuple[Option, ...]:
    assert isinstance(cls, type)
    return tuple(
        _option(f.name, _hint_of(cls, f.name), None if f.default is MISSING else f.default, f.metadata[_KEY])
        for f in fields(cls)
        if _KEY in f.metadata
    )


def check_options(chosen: Any) -> None:
    """Refuse a dataclass with an option that cannot be; for its ``__post_init__``.

    Raises:
        BadOption: an option is out of its range.
    """
    for one in options_of(type(chosen)):
        one.check(getattr(chosen, one.name))


def values_of(chosen: Any, *, in_project: bool = False) -> dict[str, Any]:
    """Names and values of a dataclass's options.

    Args:
        chosen: the dataclass.
        in_project: only those that ``project.toml`` has.
    """
    return {
        one.name: getattr(chosen, one.name)
        for one in options_of(type(chosen))
        if one.in_project or not in_project
    }


def given_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is said, of values of which None (or an empty list) means that nothing is said."""
    return {name: value for name, value in values.items() if value is not None and value != ()}


def _hint_of(cls: type, name: str) -> Any:
    """The type of one field; those of others may be imported for type checkers only."""
    home = next(base for base in cls.__mro__ if name in vars(base).get("__annotations__", {}))
    one = types.SimpleNamespace(__annotations__={name: vars(home)["__annotations__"][name]})
    return typing.get_type_hints(one, vars(sys.modules[home.__module__]))[name]


def _option(name: str, hint: Any, default: Any, values: Mapping[str, Any]) -> Option:
    kinds = [hint]
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        kinds = [kind for kind in typing.get_args(hint) if kind is not type(None)]
    (kind,) = kinds
    choices = values["choices"]
    if typing.get_origin(kind) is Literal:
        choices, kind = typing.get_args(kind), str
    kind = typing.get_origin(kind) or kind
    if kind not in KINDS and not is_dataclass(kind):
        raise TypeError(f"the option {name} is of type {kind}; expected one of {[*KINDS]}")
    flag = f"--{name.replace('_', '-')}" if values["flag"] is None else values["flag"]
    rest = {k: v for k, v in values.items() if k not in ("choices", "flag")}
    return Option(name, kind, default, hint is not kinds[0], flag=flag, choices=choices, **rest)
