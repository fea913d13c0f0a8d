"""COCO instances: one JSON file for many pictures, with polygons and run lengths.

Polygons are filled by the rule of pixel centres, run lengths are exact. Categories are parts by name,
whatever their ids. ``iscrowd`` says how a shape was drawn or counted, not what it is, so such shapes are
painted like any other.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from partly.data.label_formats.cutting import (
    LabelMaps,
    Style,
    Writing,
    declared_names,
    part_masks,
)
from partly.data.label_formats.entries_by_id import EntriesById, is_id
from partly.data.label_formats.format_checks import checked_polygons, picture_name
from partly.data.label_formats.json_labels import checked_entries, write_compact_json
from partly.data.label_formats.label_file import LabelFile, Reading
from partly.data.label_formats.part_mask import PartMask
from partly.data.label_formats.picture_sizes import Size, SizeOf, picture_size, whole_number
from partly.data.label_formats.polygons import NOTHING, ImageShapes, Region, Runs, Shape, polygon_shapes
from partly.data.label_formats.run_lengths import plain_runs, runs_from_text, runs_to_text
from partly.data.label_formats.shape_painting import NamedLabelMap, read_shapes
from partly.data.labels.part_sets import UNLABELLED_NAME
from partly.errors import BadLabel


def read_coco(files: Sequence[LabelFile], reading: Reading) -> list[NamedLabelMap]:
    """Read COCO instances files; annotations are painted in the order of the file, later over earlier.

    Pictures without annotations were not labelled and are left out; categories that no annotation uses are
    ignored.

    Raises:
        BadLabel: a damaged file, categories that are no part, annotations without a segmentation, or none.
    """
    return read_shapes(files, _images, reading)


def write_coco(path: Path, labels: LabelMaps, writing: Writing) -> list[Path]:
    """Write label maps as one COCO file, with compressed run lengths or polygons.

    Each part of each picture is one annotation or, where objects are told apart, each part of each object,
    with the object's number among its attributes, as CVAT writes such; COCO has no groups. Category ids are
    part ids plus one.
    """
    part_set = writing.part_set
    category_ids = {name: i for i, name in enumerate((*part_set.names, UNLABELLED_NAME), 1)}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, (name, label_map, object_map) in enumerate(labels.with_objects(), 1):
        height, width = label_map.shape
        images.append({"id": image_id, "file_name": name, "width": width, "height": height})
        for part in part_masks(label_map, writing, object_map):
            number = part.object_number
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": category_ids[part.name],
                    "segmentation": _segmentation(part, writing.style),
                    "area": part.n_pixels,
                    "bbox": list(part.bounding_box()),
                    "iscrowd": 0,
                    **({} if number is None else {"attributes": {"object": number}}),
                }
            )
    used = {entry["category_id"] for entry in annotations}
    declared = declared_names([name for name, i in category_ids.items() if i in used], part_set)
    categories = [{"id": category_ids[name], "name": name, "supercategory": ""} for name in declared]
    write_compact_json(path, {"images": images, "annotations": annotations, "categories": categories})
    return [path]


def is_coco(file: LabelFile) -> bool:
    """Whether a JSON file looks like COCO's."""
    values = file.json()
    return isinstance(values, dict) and "images" in values and "annotations" in values


def _images(file: LabelFile, reading: Reading) -> list[ImageShapes]:
    values, path = file.json_object(reading.tell), file.path
    categories, images = _by_id(values, "categories", path), _by_id(values, "images", path)
    entries: dict[Any, list[tuple[str, str, Any]]] = defaultdict(list)
    for number, entry in enumerate(checked_entries(values, "annotations", path), 1):
        where = f"annotation {entry.get('id', f'no. {number}')!r}"
        image_id = images.find(entry.get("image_id"), "image_id", where, path)
        category = categories[categories.find(entry.get("category_id"), "category_id", where, path)]
        label = _checked_text(category, "name", "a category", path)
        entries[image_id].append((label, where, _unquoted(entry.get("segmentation"))))
    return [_image(image, f"image {i!r}", entries[i], path, reading.size_of) for i, image in images.items()]


def _image(
    image: dict[str, Any], where: str, entries: list[tuple[str, str, Any]], path: Path, size_of: SizeOf
) -> ImageShapes:
    """The shapes of one picture; entries are the part, the name and the segmentation of annotations."""
    name = picture_name(_checked_text(image, "file_name", where, path))
    if not entries:
        return ImageShapes(name, (0, 0), [], path)
    size = picture_size(
        image.get("height"),
        image.get("width"),
        name,
        where,
        path,
        lambda: size_of(name, path) or _size_of_runs(segmentation for *_, segmentation in entries),
    )
    shapes = [shape for entry in entries for shape in _shapes(*entry, size, path)]
    return ImageShapes(name, size, shapes, path)


def _by_id(values: dict[str, Any], key: str, path: Path) -> EntriesById:
    entries = checked_entries(values, key, path)
    ids = [entry.get("id") for entry in entries]
    if not all(map(is_id, ids)) or len(set(ids)) < len(ids):
        raise BadLabel(f"has {key} without an id, or two with the same", expected="distinct ids", path=path)
    return EntriesById(zip(ids, entries, strict=True))


def _checked_text(entry: dict[str, Any], key: str, where: str, path: Path) -> str:
    text = entry.get(key)
    if not isinstance(text, str):
        raise BadLabel(f"{where} has the {key} {text!r}", expected="a text", path=path)
    return text


def _shapes(label: str, where: str, segmentation: Any, size: Size, path: Path) -> list[Shape]:
    """The shape of an annotation, and one without area for each of its polygons that has none."""
    if _is_missing(segmentation):
        raise BadLabel(
            f"{where} has no segmentation",
            expected="polygons or run lengths",
            remedy="Export the labels as segmentation, not as boxes",
            path=path,
        )
    if isinstance(segmentation, dict):
        return [Shape(label, _runs(segmentation, size, where, path), where)]
    if lengths := plain_runs(segmentation, size):
        return [Shape(label, Runs(lengths, size, by_columns=True), where)]
    return polygon_shapes(label, checked_polygons(segmentation, where, path), where)


def _unquoted(segmentation: Any) -> Any:
    """A segmentation that went through a table, and so became the text of its JSON."""
    if not isinstance(segmentation, str):
        return segmentation
    try:
        return json.loads(segmentation)
    except ValueError:
        return None if segmentation.strip().lower() in ("none", "nan") else segmentation


def _is_missing(segmentation: Any) -> bool:
    """Whether an annotation has no segmentation, however programs say so: null, NaN, {}, [], [[]], "" ..."""
    if isinstance(segmentation, dict):
        return segmentation.get("counts") is None
    if isinstance(segmentation, list):
        return all(one is None or (isinstance(one, list) and _is_missing(one)) for one in segmentation)
    return not segmentation or segmentation != segmentation


def _size_of_runs(segmentations: Iterable[Any]) -> Size | None:
    """The size that the first run lengths state."""
    for segmentation in segmentations:
        size = segmentation.get("size") if isinstance(segmentation, dict) else None
        if isinstance(size, list) and len(size) == 2 and None not in map(whole_number, size):
            return whole_number(size[0]) or 0, whole_number(size[1]) or 0
    return None


def _runs(segmentation: dict[str, Any], size: Size, where: str, path: Path) -> Region:
    stated = segmentation.get("size") or list(size)
    if not isinstance(stated, list) or list(map(whole_number, stated)) != list(size):
        raise BadLabel(
            f"{where} has run lengths for the size {segmentation.get('size')!r}",
            expected=f"{list(size)}, the height and width of its image",
            path=path,
        )
    counts = segmentation["counts"]
    try:
        lengths = runs_from_text(counts) if isinstance(counts, str) else counts
    except ValueError as error:
        raise BadLabel(f"{where} has {error}", remedy="Export the labels again", path=path) from error
    if not isinstance(lengths, list):
        raise BadLabel(f"{where} has the counts {lengths!r}", expected="a list or a text", path=path)
    if not any(lengths):
        return NOTHING  # as some programs write empty masks
    whole = tuple(int(n) if isinstance(n, float) and n.is_integer() else n for n in lengths)
    return Runs(whole, size, by_columns=True)


def _segmentation(part: PartMask, style: Style) -> Any:
    if style == "polygon":
        return [points.ravel().tolist() for points in part.polygons()]
    return {"size": list(part.shape), "counts": runs_to_text(part.run_lengths_by_columns())}
