"""Key figures: the few numbers that a reader should see first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from partly.report.rendering import render


@dataclass(frozen=True)
class KeyFigure:
    """One number in large type.

    Attributes:
        label: what it measures.
        value: the number, as text.
        unit: its unit, set smaller.
        note: a short remark below.
    """

    label: str
    value: str
    unit: str = ""
    note: str = ""


def key_figures(figures: Sequence[KeyFigure]) -> Markup:
    """Cards with one number each."""
    return render("key_figures.html", figures=figures)
