"""Checks that the choices of all trainings of generators have in common."""

from __future__ import annotations

from collections.abc import Iterable

from partly.errors import BadOption


def check_config(config: object, *, counts: Iterable[str], above_0: Iterable[str]) -> None:
    """Check numbers of a configuration, and its seed.

    Args:
        config: with an attribute of each name, and ``seed``.
        counts: names of those that must be 1 or more.
        above_0: names of those that must be more than 0.

    Raises:
        BadOption: one of them is not.
    """
    for name in counts:
        if getattr(config, name) < 1:
            raise BadOption(f"{name} is {getattr(config, name)}", expected="1 or more")
    for name in above_0:
        if not getattr(config, name) > 0:
            raise BadOption(f"{name} is {getattr(config, name)}", expected="more than 0")
    seed: int = getattr(config, "seed")  # noqa: B009 - of any configuration
    if not 0 <= seed < 2**31:
        raise BadOption(f"seed is {seed}", expected=f"0 to {2**31 - 1}")
