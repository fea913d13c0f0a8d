"""The ribbon under a page's title: the parts as stripes of their colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from partly.data.labels import PartSet
from partly.evaluation.report.templates_rendering import percent, render


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


def ribbon(part_set: PartSet, shares: Sequence[float] | None = None) -> Markup:
    """Stripes in the colours of the parts.

    Args:
        part_set: the parts.
        shares: the share of the area that each part covers, in [0, 1]; equal stripes without it.
    """
    widths = [1.0] * part_set.n_parts if shares is None else [_width(share) for share in shares]
    total = sum(widths) or 1.0
    titles = (
        part_set.names
        if shares is None
        else [_title(*known) for known in zip(part_set.names, shares, strict=True)]
    )
    stripes = [
        (title, part.colour, 100 * width / total)
        for title, part, width in zip(titles, part_set.parts, widths, strict=True)
        if width > 0
    ]
    return render("ribbon.html", stripes=stripes)


def _title(name: str, share: float) -> str:
    return f"{name} {percent(share)} % of the area"


def _width(share: float) -> float:
    # The square root keeps an eye visible beside a background of fifty times its area.
    return math.sqrt(share) if math.isfinite(share) else 0.0
