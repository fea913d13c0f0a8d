"""Checks of what label files say, shared by all formats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from partly.data.labels.label_bytes import MAX_PIXELS
from partly.data.labels.rasterise import Points
from partly.errors import BadLabel, counted

MAX_COORDINATE = 1e6
"""Points further away than this, in px, are refused as nonsense."""


def checked_points(values: Any, at_least: int, where: str, path: Path) -> Points:
    """Points as float64 [n, 2].

    Raises:
        BadLabel: they are no such points, too few, or absurdly far away.
    """
    try:
        points = np.array(values, np.float64)
    except (TypeError, ValueError, OverflowError):
        points = np.empty(0)
    # Written so that a value that is not a number fails.
    if (
        points.ndim != 2
        or points.shape[1] != 2
        or len(points) < at_least
        or not (np.abs(points) <= MAX_COORDINATE).all()
    ):
        raise BadLabel(
            f"{where} has unusable points",
            expected=f"at least {at_least} points x, y with numbers up to {MAX_COORDINATE:.0f}",
            path=path,
        )
    return points


def checked_image_size(height: Any, width: Any, where: str, path: Path) -> tuple[int, int]:
    """Height and width of a picture.

    Raises:
        BadLabel: they are no positive whole numbers, or too large.
    """
    if type(height) is not int or type(width) is not int or height < 1 or width < 1:
        raise BadLabel(
            f"{where} has the height {height!r} and the width {width!r}",
            expected="positive whole numbers",
            path=path,
        )
    if height * width > MAX_PIXELS:
        raise BadLabel(
            f"{where} is {width} x {height} px", expected=f"at most {MAX_PIXELS} pixels", path=path
        )
    return height, width


def refuse_shape_kinds(kinds: Iterable[str], known: Sequence[str], path: Path) -> None:
    """Raise BadLabel if there are shapes of kinds that cover no area, or that nobody knows."""
    counts = Counter(kinds)
    if counts:
        raise BadLabel(
            "has shapes that are no areas: "
            + ", ".join(f"{kind} ({counted(n, 'shape')})" for kind, n in counts.items()),
            expected=f"the kinds {', '.join(known)}",
            remedy="Redraw them as areas, or delete them",
            path=path,
        )


def check_image_names(names: Sequence[str], path: Path | None) -> None:
    """Raise BadLabel if picture names are empty, not printable, or not distinct."""
    bad = [name for name, n in Counter(names).items() if n > 1 or not name or not name.isprintable()]
    if bad:
        raise BadLabel(
            f"has unusable picture names: {', '.join(map(repr, bad))}",
            expected="distinct printable names",
            path=path,
        )
