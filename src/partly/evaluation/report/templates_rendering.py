"""Templates of the pages, rendered with every value escaped."""

from __future__ import annotations

from functools import cache
from math import isfinite
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

MISSING = "–"


def render(template: str, **values: Any) -> Markup:
    """HTML of a template of ``report/templates``; values are escaped unless they are ``Markup``."""
    return Markup(_environment().get_template(template).render(**values))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("partly.evaluation.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, count=count, colour=colour)
    return environment


def percent(share: float, n_digits: int = 1) -> str:
    """A share in [0, 1] as percent without its sign ("73.4"); a dash where it is unknown."""
    return f"{100 * share:.{n_digits}f}" if isfinite(share) else MISSING


def count(number: int) -> str:
    """A whole number with thin spaces between thousands, which no language reads as a decimal sign."""
    return f"{number:,}".replace(",", "\u2009")


def colour(rgb: Any) -> str:
    """A colour ``(r, g, b)`` of 0 .. 255 as CSS."""
    red, green, blue = (int(value) for value in rgb)
    return f"#{red:02x}{green:02x}{blue:02x}"
