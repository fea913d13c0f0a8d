"""Checks of what label files say, shared by all formats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from partly.data.label_formats.point_lists import is_of_triples, point_lists
from partly.data.labels.rasterise import Points
from partly.errors import BadLabel, counted

MAX_COORDINATE = 1e6
"""Points further away than this, in px, are refused as nonsense."""


def checked_polygons(values: Any, where: str, path: Path) -> list[Points]:
    """Points of one polygon, or of several, each float64 [n, 2]; see :func:`point_lists` for their brackets.

    Raises:
        BadLabel: they are no such points, or absurdly far away.
    """
    polygons = point_lists(values)
    if polygons is None:
        if is_of_triples(values):
            raise BadLabel(
                f"{where} has points of three numbers, as keypoints have them (x, y and whether it is seen)",
                expected="an outline of points x, y",
                remedy="Export polygons or masks, not keypoints, or leave the third numbers out",
                path=path,
            )
        raise _unusable(where, path)
    return [checked_points(pairs, where, path) for pairs in polygons]


def checked_points(pairs: Sequence[Any], where: str, path: Path) -> Points:
    """Points as float64 [n, 2]; there may be none.

    Raises:
        BadLabel: they are no such points, or absurdly far away.
    """
    try:
        points = np.array(pairs, np.float64).reshape(len(pairs), 2)
    except (TypeError, ValueError, OverflowError):
        raise _unusable(where, path) from None
    # Written so that a value that is not a number fails.
    if not (np.abs(points) <= MAX_COORDINATE).all():
        raise _unusable(where, path)
    return points


def _unusable(where: str, path: Path) -> BadLabel:
    return BadLabel(
        f"{where} has unusable points",
        expected=f"points x, y with numbers up to {MAX_COORDINATE:.0f}, as [x1, y1, x2, y2, …] or "
        "[[x1, y1], [x2, y2], …]",
        remedy="Export the labels again, as polygons or masks",
        path=path,
    )


def picture_name(text: str) -> str:
    """The name of a picture with forward slashes, also where a program on Windows wrote it."""
    return text.replace("\\", "/")


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
