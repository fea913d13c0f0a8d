"""VIA 2: one JSON file for many pictures, a project or exported annotations.

It has no bitmaps, so it gets polygons always, and it states no sizes of pictures: they come from whoever
knows the pictures, or from those beside the file. Regions have attributes,
one of which is the name of the part.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from partly.data.label_formats.cutting import LabelMaps, Writing, declared_names, part_masks
from partly.data.label_formats.format_checks import (
    MAX_COORDINATE,
    checked_points,
    picture_name,
    refuse_shape_kinds,
)
from partly.data.label_formats.json_labels import write_compact_json
from partly.data.label_formats.label_file import LabelFile, Reading
from partly.data.label_formats.picture_files import size_on_disk
from partly.data.label_formats.picture_sizes import picture_size
from partly.data.label_formats.polygons import Ellipse, ImageShapes, Polygons, Shape, polygon_shapes
from partly.data.label_formats.shape_painting import NamedLabelMap, read_shapes
from partly.data.label_formats.via_attributes import Attributes, part_attribute
from partly.data.labels.rasterise import rectangle_points
from partly.errors import BadLabel

_KINDS = ("polygon", "rect", "circle", "ellipse", "polyline that ends where it begins")
_ATTRIBUTE = "part"
_VERSION = "2.0.10"
_UNKNOWN_SIZE = -1  # of a file in bytes, as VIA has it for pictures that it finds by path


def read_via(files: Sequence[LabelFile], reading: Reading) -> list[NamedLabelMap]:
    """Read VIA 2 projects or exported annotations; regions are painted in the order of the file.

    Raises:
        BadLabel: damaged files, no attribute or several whose values are names of parts, labels that are no
            part, regions that are no areas, pictures whose size nobody knows, or no region at all.
    """
    return read_shapes(files, _images, reading)


def is_via(file: LabelFile) -> bool:
    """Whether a JSON file is a project of VIA 2, or annotations that it exported."""
    entries = _entries(file.json())
    return entries is not None


def write_via(path: Path, labels: LabelMaps, writing: Writing) -> list[Path]:
    """Write label maps as a project of VIA 2, with polygons; the attribute ``part`` has the names.

    Where objects are told apart, no polygon is of two of them.
    """
    metadata = {}
    used: set[str] = set()
    for name, label_map, object_map in labels.with_objects():
        regions = []
        for part in part_masks(label_map, writing, object_map):
            used.add(part.name)
            regions += [_region(part.name, points.tolist()) for points in part.polygons()]
        entry = {"filename": name, "size": _UNKNOWN_SIZE, "regions": regions, "file_attributes": {}}
        metadata[f"{name}{_UNKNOWN_SIZE}"] = entry
    options = dict.fromkeys(declared_names(used, writing.part_set), "")
    attribute = {"type": "dropdown", "description": "", "options": options, "default_options": {}}
    project = {
        "_via_settings": _SETTINGS,
        "_via_img_metadata": metadata,
        "_via_attributes": {"region": {_ATTRIBUTE: attribute}, "file": {}},
        "_via_data_format_version": _VERSION,
        "_via_image_id_list": list(metadata),
    }
    write_compact_json(path, project)
    return [path]


def _region(part_name: str, points: list[list[int]]) -> dict[str, Any]:
    shape = {
        "name": "polygon",
        "all_points_x": [x for x, _ in points],
        "all_points_y": [y for _, y in points],
    }
    return {"shape_attributes": shape, "region_attributes": {_ATTRIBUTE: part_name}}


def _entries(value: Any) -> list[dict[str, Any]] | None:
    """The entries of pictures; None where the JSON is not VIA's."""
    if not isinstance(value, dict):
        return None
    entries = value.get("_via_img_metadata", value)
    if not isinstance(entries, dict):
        return None
    pictures = [entry for entry in entries.values() if isinstance(entry, dict)]
    is_whole = "_via_img_metadata" in value
    if is_whole or any({"filename", "regions"} <= entry.keys() for entry in pictures):
        return pictures
    return None


def _images(file: LabelFile, reading: Reading) -> list[ImageShapes]:
    value, path = file.json_object(reading.tell), file.path
    entries = _entries(value)
    if entries is None:
        raise BadLabel(
            "holds no pictures of VIA 2",
            expected="a project of VIA 2, or annotations that it exported as JSON",
            remedy="Save the project, or choose Annotation, Export Annotations (as json)",
            path=path,
        )
    named = [(_file_name(entry, path), _regions(entry, path)) for entry in entries]
    regions = [(f"region {i} of {name!r}", one) for name, own in named for i, one in enumerate(own, 1)]
    strange = [kind for where, one in regions if not _is_area(kind := _kind(one, where, path), one)]
    refuse_shape_kinds(strange, _KINDS, path)
    if not regions:
        return [ImageShapes(name, (0, 0), [], path) for name, _ in named]
    attributes = Attributes.of(value, [(where, one.get("region_attributes")) for where, one in regions])
    attribute = part_attribute(attributes, reading, path)
    labelled = iter(attributes.labels(attribute, path))
    images = []
    for name, own in named:
        shapes = [shape for one in own for shape in _shapes(one, *next(labelled), path)]
        size = (0, 0)
        if own:
            known = lambda name=name: reading.size_of(name, path) or size_on_disk(_places(name, path))  # noqa: E731
            size = picture_size(None, None, name, f"picture {name!r}", path, known)
        images.append(ImageShapes(name, size, shapes, path))
    return images


def _file_name(entry: dict[str, Any], path: Path) -> str:
    name = entry.get("filename")
    if not isinstance(name, str):
        raise BadLabel(f"has a picture with the filename {name!r}", expected="a text", path=path)
    return picture_name(name)


def _regions(entry: dict[str, Any], path: Path) -> list[dict[str, Any]]:
    regions = entry.get("regions") or []
    if isinstance(regions, dict):  # as VIA 1 wrote them
        regions = list(regions.values())
    if not isinstance(regions, list) or not all(isinstance(region, dict) for region in regions):
        raise BadLabel(
            f"picture {entry.get('filename')!r} has damaged regions", expected="a list of objects", path=path
        )
    return regions


def _places(name: str, path: Path) -> list[Path]:
    """Where a picture may be: under the folder of the label file, nowhere else."""
    parts = PurePosixPath(name).parts
    is_inside = bool(parts) and not name.startswith("/") and ".." not in parts and ":" not in name
    return [path.parent / name, path.parent / parts[-1]] if is_inside else []


def _shape_of(region: dict[str, Any]) -> dict[str, Any]:
    shape = region.get("shape_attributes")
    return shape if isinstance(shape, dict) else {}


def _kind(region: dict[str, Any], where: str, path: Path) -> str:
    kind = _shape_of(region).get("name")
    if not isinstance(kind, str):
        raise BadLabel(f"{where} has the shape {kind!r}", expected=", ".join(_KINDS), path=path)
    return kind


def _is_area(kind: str, region: dict[str, Any]) -> bool:
    if kind == "polyline":
        ends = [
            (values[0], values[-1]) for values in _coordinates(region) if isinstance(values, list) and values
        ]
        return len(ends) == 2 and all(first == last for first, last in ends)
    return kind in ("polygon", "rect", "circle", "ellipse")


def _coordinates(region: dict[str, Any]) -> tuple[Any, Any]:
    shape = _shape_of(region)
    return shape.get("all_points_x"), shape.get("all_points_y")


def _shapes(region: dict[str, Any], where: str, label: str, path: Path) -> list[Shape]:
    shape, where = _shape_of(region), f"{where} ({label!r})"
    if shape["name"] in ("polygon", "polyline"):
        xs, ys = _coordinates(region)
        if not isinstance(xs, list) or not isinstance(ys, list) or len(xs) != len(ys):
            raise BadLabel(
                f"{where} has unusable points",
                expected="all_points_x and all_points_y, lists of numbers of one length",
                path=path,
            )
        return polygon_shapes(label, [checked_points(list(zip(xs, ys, strict=True)), where, path)], where)
    if shape["name"] == "rect":
        x, y, width, height = _numbers(shape, ("x", "y", "width", "height"), where, path)
        return [Shape(label, Polygons((rectangle_points((x, y), (x + width, y + height)),)), where)]
    if shape["name"] == "circle":
        x, y, radius = _numbers(shape, ("cx", "cy", "r"), where, path)
        return [Shape(label, Ellipse((x, y), (radius, radius)), where)]
    x, y, rx, ry = _numbers(shape, ("cx", "cy", "rx", "ry"), where, path)
    (theta,) = _numbers({"theta": shape.get("theta") or 0}, ("theta",), where, path)
    return [Shape(label, Ellipse((x, y), (rx, ry), math.degrees(theta)), where)]


def _numbers(shape: dict[str, Any], keys: Sequence[str], where: str, path: Path) -> list[float]:
    values = [shape.get(key) for key in keys]
    try:
        numbers = np.array([math.nan if value is None else value for value in values], np.float64)
    except (TypeError, ValueError, OverflowError):
        numbers = np.array([math.nan])
    if not (np.abs(numbers) <= MAX_COORDINATE).all():
        raise BadLabel(
            f"{where} has " + ", ".join(f"{key} {value!r}" for key, value in zip(keys, values, strict=True)),
            expected="numbers",
            path=path,
        )
    return numbers.tolist()


_SETTINGS = {
    "ui": {
        "annotation_editor_height": 25,
        "annotation_editor_fontsize": 0.8,
        "leftsidebar_width": 18,
        "image_grid": {
            "img_height": 80,
            "rshape_fill": "none",
            "rshape_fill_opacity": 0.3,
            "rshape_stroke": "yellow",
            "rshape_stroke_width": 2,
            "show_region_shape": True,
            "show_image_policy": "all",
        },
        "image": {
            "region_label": _ATTRIBUTE,
            "region_color": _ATTRIBUTE,
            "region_label_font": "10px Sans",
            "on_image_annotation_editor_placement": "NEAR_REGION",
        },
    },
    "core": {"buffer_size": 18, "filepath": {}, "default_filepath": ""},
    "project": {"name": "partly"},
}
