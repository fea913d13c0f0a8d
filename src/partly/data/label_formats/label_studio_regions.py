"""Regions of Label Studio: what its results say of areas, in per cent of the picture, and their labels."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from partly.data.label_formats import polygons
from partly.data.label_formats.format_checks import checked_polygons, refuse_shape_kinds
from partly.data.label_formats.picture_sizes import Size, whole_number
from partly.data.label_formats.polygons import NOTHING, Brush, Ellipse, Polygons, Shape, polygon_shapes
from partly.data.labels.rasterise import Points
from partly.errors import BadLabel

_KINDS = ("brushlabels", "polygonlabels", "rectanglelabels", "ellipselabels")
_BOX = ("x", "y", "width", "height", "rotation", "radiusX", "radiusY")
_PLACES = ("rle", "points", "vertices", "imageDataURL", *_BOX)
_MOST_PER_CENT = 10_000.0


@dataclass(frozen=True, eq=False)
class Region:
    """One area that somebody marked.

    Attributes:
        where: which it is, for messages.
        place: what its ``value`` says of its place.
        labels: what it was called; parts should be one.
        of_name: the tag that it is on.
        item: which picture of a list it is on.
        size: height and width of the picture as stated, as texts; empty where they are not.
    """

    where: str
    place: dict[str, Any]
    labels: list[str]
    of_name: str | None
    item: int
    size: tuple[str, str]


def regions_of(results: Iterable[dict[str, Any]], where: str, path: Path) -> list[Region]:
    """The regions of an annotation; results that are about no place, such as choices, are left out.

    A region whose shape and label are two tags has two results, with one id and one place.

    Raises:
        BadLabel: regions that are no areas, or pictures that were turned in the program.
    """
    regions: list[Region] = []
    by_id: dict[str, list[Region]] = {}
    strange = []
    for number, result in enumerate(results, 1):
        value = result.get("value")
        place = {key: value[key] for key in _PLACES if key in value} if isinstance(value, dict) else {}
        if not isinstance(value, dict) or not place:
            continue
        labels = [name for key, names in value.items() if key.endswith("labels") for name in _texts(names)]
        if not _is_area(place):
            strange.append(str(result.get("type") or next(iter(place))))
            continue
        same_id = by_id.setdefault(str(result.get("id", f"no. {number}")), [])
        if known := next((one for one in same_id if one.place == place), None):
            known.labels.extend(name for name in labels if name not in known.labels)
            continue
        name = f"{where}: region {result.get('id', number)!r}"
        _check_upright(result, name, path)
        to_name, item = result.get("to_name"), whole_number(result.get("item_index")) or 0
        region = Region(
            name,
            place,
            labels,
            to_name if isinstance(to_name, str) else None,
            item,
            (_stated(result.get("original_height")), _stated(result.get("original_width"))),
        )
        regions.append(region)
        same_id.append(region)
    refuse_shape_kinds(strange, _KINDS, path)
    return regions


def shapes_of(region: Region, size: Size, path: Path) -> list[Shape]:
    """The shape of a region in a picture of this size, or one without area.

    Raises:
        BadLabel: it has no label or several, or unusable numbers.
    """
    if len(region.labels) != 1:
        raise BadLabel(
            f"{region.where} has "
            + (f"the labels {', '.join(region.labels)}" if region.labels else "no label"),
            expected="one label, the name of its part",
            remedy="Give every region one label in Label Studio, or delete it, and export again",
            path=path,
        )
    label, place, where = region.labels[0], region.place, f"{region.where} ({region.labels[0]!r})"
    if "rle" in place:
        return [Shape(label, _brush(place["rle"], size, where, path), where)]
    if "points" in place:
        return polygon_shapes(label, _polygons(place["points"], size, where, path), where)
    rotation_deg = _number(place, "rotation", where, path)
    corner = _pixels(place, ("x", "y"), size, where, path)
    if "radiusX" in place:
        radii = _pixels(place, ("radiusX", "radiusY"), size, where, path)
        return [Shape(label, Ellipse(corner, radii, rotation_deg), where)]
    sides = _pixels(place, ("width", "height"), size, where, path)
    return [Shape(label, Polygons((_rectangle(corner, sides, rotation_deg),)), where)]


def _is_area(place: dict[str, Any]) -> bool:
    return (
        "rle" in place
        or "points" in place
        or {"radiusX", "radiusY"} <= place.keys()
        or {"x", "y", "width", "height"} <= place.keys()
    )


def _stated(value: Any) -> str:
    number = whole_number(value)
    return str(value if number is None else number) if value else ""


def _texts(names: Any) -> list[str]:
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _check_upright(result: dict[str, Any], where: str, path: Path) -> None:
    turn = result.get("image_rotation")
    if turn not in (None, 0, "0"):
        raise BadLabel(
            f"{where} is on a picture that was turned by {turn} degrees in Label Studio",
            expected="pictures that stand as in their files",
            remedy="Turn the picture back, mark the region again, and export again",
            path=path,
        )


def _brush(code: Any, size: Size, where: str, path: Path) -> polygons.Region:
    try:
        data = bytes(code) if isinstance(code, list) else None
    except (TypeError, ValueError):
        data = None
    if data is None:
        raise BadLabel(
            f"{where} has damaged run lengths",
            expected="a list of numbers from 0 to 255",
            remedy="Export the labels again",
            path=path,
        )
    return Brush(data, size) if any(data[:4]) else NOTHING


def _polygons(points: Any, size: Size, where: str, path: Path) -> list[Points]:
    height, width = size
    return [one * (width, height) / 100 for one in checked_polygons(points, where, path)]


def _pixels(
    place: dict[str, Any], keys: tuple[str, str], size: Size, where: str, path: Path
) -> tuple[float, float]:
    """Two numbers of a place, along x and along y, in pixels."""
    x, y = (_number(place, key, where, path) for key in keys)
    return x * size[1] / 100, y * size[0] / 100


def _rectangle(corner: tuple[float, float], sides: tuple[float, float], rotation_deg: float) -> Points:
    """Corners [4, 2] of a rectangle that is turned clockwise about its top left corner."""
    angle = math.radians(rotation_deg)
    along = np.array([math.cos(angle), math.sin(angle)]) * sides[0]
    down = np.array([-math.sin(angle), math.cos(angle)]) * sides[1]
    first = np.array(corner)
    return np.stack([first, first + along, first + along + down, first + down])


def _number(place: dict[str, Any], key: str, where: str, path: Path) -> float:
    value = place.get(key, 0)
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not abs(number) <= _MOST_PER_CENT:
        raise BadLabel(f"{where} has {key} {value!r}", expected="a number in per cent", path=path)
    return number
