"""The flags of a command, made of the fields of dataclasses (:mod:`partly.storage.option_fields`)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from partly.storage import Option, given_of, options_of

CommandT = TypeVar("CommandT", bound=Callable[..., Any])
_TYPES: dict[type, Any] = {int: int, float: float, str: str, bool: bool}
_PAIR = "LOW HIGH"


def takes(**kinds: type) -> Callable[[CommandT], CommandT]:
    """A command that is called with an instance of each dataclass; flags that are not given take defaults.

    Args:
        **kinds: dataclass of options by the name of the command's argument.
    """
    return _decorator(kinds, lambda kind, values: kind(**values), with_defaults=True)


def takes_given(**kinds: type) -> Callable[[CommandT], CommandT]:
    """A command that is called with what is given of each dataclass, by name; another place has the rest.

    Args:
        **kinds: dataclass of options by the name of the command's argument.
    """
    return _decorator(kinds, lambda _kind, values: given_of(values), with_defaults=False)


def takes_given_of_any(name: str, kinds: Mapping[str, type]) -> Callable[[CommandT], CommandT]:
    """A command that is called with what is given of dataclasses of which one is meant.

    An option that not all have says in its help which do.

    Args:
        name: of the command's argument.
        kinds: dataclasses of options, each by what stands for it in the help.
    """
    having: dict[str, list[str]] = {}
    options: dict[str, Option] = {}
    for label, kind in kinds.items():
        for one in options_of(kind):
            options.setdefault(one.name, one)
            having.setdefault(one.name, []).append(label)
    flags = [one for one in options.values() if one.flag]

    def decorate(command: CommandT) -> CommandT:
        @functools.wraps(command)
        def called(*arguments: Any, **values: Any) -> Any:
            given = given_of({one.name: one.taken(values.pop(one.name)) for one in flags})
            return command(*arguments, **values, **{name: given})

        for one in reversed(flags):
            note = "" if len(having[one.name]) == len(kinds) else f"  [{', '.join(having[one.name])}]"
            note += "" if one.default is None else f"  [default: {_default_text(one)}]"
            called = flag_of(one, with_default=False, note=note)(called)
        return called  # type: ignore[return-value]

    return decorate


def _default_text(one: Option) -> str:
    """The default as the command line says it."""
    if one.kind is not bool or "/" not in one.flag:
        return str(one.default)
    yes, no = one.flag.split("/")
    return (yes if one.default else no).removeprefix("--")


def flag_of(one: Option, *, with_default: bool, note: str = "") -> Callable[[CommandT], CommandT]:
    """The flag of one option.

    Args:
        one: the option.
        with_default: what is not given takes its default, which the help shows.
        note: added to the help.
    """
    many = one.kind is tuple
    is_flag = one.kind is bool
    settings: dict[str, Any] = {"help": one.help + note, "default": one.default if with_default else None}
    if is_flag:
        settings["is_flag"] = True
        settings["show_default"] = with_default and "/" in one.flag
    else:
        settings["type"] = _type_of(one)
        settings["multiple"] = many
        settings["metavar"] = one.metavar
        settings["show_default"] = with_default and one.default is not None and one.default != ()
    if one.is_pair:
        settings["nargs"], settings["metavar"] = 2, one.metavar or _PAIR
        settings["default"] = one.plain(settings["default"])
    return click.option(*one.flag.split(), one.name, **settings)


def _type_of(one: Option) -> Any:
    if one.choices:
        return click.Choice(list(one.choices))
    if one.kind is Path:
        return click.Path(path_type=Path)
    if one.is_pair:
        return float
    return _TYPES.get(one.kind, str)


def _decorator(
    kinds: dict[str, type], made: Callable[[type, dict[str, Any]], Any], *, with_defaults: bool
) -> Callable[[CommandT], CommandT]:
    def decorate(command: CommandT) -> CommandT:
        @functools.wraps(command)
        def called(*arguments: Any, **values: Any) -> Any:
            of_kinds = {}
            for name, kind in kinds.items():
                flags = [one for one in options_of(kind) if one.flag]
                of_kinds[name] = made(kind, {one.name: one.taken(values.pop(one.name)) for one in flags})
            return command(*arguments, **values, **of_kinds)

        for one in reversed([one for kind in kinds.values() for one in options_of(kind) if one.flag]):
            called = flag_of(one, with_default=with_defaults)(called)
        return called  # type: ignore[return-value]

    return decorate
