"""Points of polygons, however programs nest them."""

from __future__ import annotations

from typing import Any

_MOST_LEVELS = 4


def point_lists(values: Any, levels: int = _MOST_LEVELS) -> list[list[Any]] | None:
    """Polygons as lists of pairs x, y; None where the brackets make no sense.

    Known are ``[x, y, x, y, …]``, ``[[x, y], …]`` and ``[{"x": x, "y": y}, …]`` for one polygon, and lists
    of such for several. Whether pairs hold usable numbers is not looked at.
    """
    if not isinstance(values, list) or not levels:
        return None
    if all(map(_is_number, values)):
        return None if len(values) % 2 else [list(zip(values[::2], values[1::2], strict=True))]
    pairs = [_pair(value) for value in values]
    if None not in pairs:
        return [pairs]
    polygons: list[list[Any]] = []
    for value in values:
        inner = point_lists(value, levels - 1)
        if inner is None:
            return None
        polygons += inner
    return polygons


def is_of_triples(values: Any) -> bool:
    """Whether they are ``[x, y, v, x, y, v, …]`` or ``[[x, y, v], …]``, as keypoints are written."""
    if not isinstance(values, list) or not values:
        return False
    if len(values) == 1 and isinstance(values[0], list):
        return is_of_triples(values[0])
    if all(map(_is_number, values)):
        return len(values) % 3 == 0 and all(value in (0, 1, 2) for value in values[2::3])
    return all(isinstance(one, list) and len(one) == 3 and all(map(_is_number, one)) for one in values)


def _is_number(value: Any) -> bool:
    # Texts that are numbers are taken, as programs without types write them.
    return isinstance(value, int | float | str) and not isinstance(value, bool)


def _pair(value: Any) -> tuple[Any, Any] | None:
    if isinstance(value, dict) and {"x", "y"} <= value.keys():
        value = [value["x"], value["y"]]
    if isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)):
        return value[0], value[1]
    return None
