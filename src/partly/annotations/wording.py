"""Counts and lists in words, for error texts."""

from __future__ import annotations

from collections.abc import Iterable

_N_LISTED = 8


def counted(n: int, noun: str) -> str:
    """A number and its noun: 1 pixel, 2 pixels."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def listed(texts: Iterable[str]) -> str:
    """Texts with commas between, the first eight and how many more."""
    all_texts = list(texts)
    more = len(all_texts) - _N_LISTED
    return ", ".join(all_texts[:_N_LISTED]) + (f" and {more} more" if more > 0 else "")
