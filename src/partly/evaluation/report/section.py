"""What pages are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class Section:
    """A part of a page under its own heading.

    Attributes:
        title: the heading.
        blocks: HTML of tables, pictures, curves: what the functions of this package return.
        intro: a sentence or two before the blocks, plain text.
    """

    title: str
    blocks: Sequence[Markup]
    intro: str = ""
