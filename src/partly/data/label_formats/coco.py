"""COCO instances: one JSON file for many pictures, with polygons and run lengths.

Polygons are filled by the rule of pixel centres, run lengths are exact. Categories are parts by name,
whatever their ids. ``iscrowd`` says how a shape was drawn or counted, not what it is, so such shapes are
painted like any other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from partly.data.label_formats.cutting import Style, bounding_box, checked_labels, declared_names, part_masks
from partly.data.label_formats.format_checks import checked_image_size, checked_points
from partly.data.label_formats.json_labels import checked_entries, read_json_object, write_compact_json
from partly.data.label_formats.polygons import ImageShapes, Polygons, Region, Runs, Shape
from partly.data.label_formats.run_lengths import run_lengths, runs_from_text, runs_to_text
from partly.data.label_formats.shape_painting import Fill, NamedLabelMap, paint_images
from partly.data.labels.label_maps import LabelMap
from partly.data.labels.outlines import outline_polygons
from partly.data.labels.part_sets import UNLABELLED_NAME, PartSet
from partly.data.labels.rasterise import Mask
from partly.errors import BadLabel


def read_coco(path: str | Path, part_set: PartSet, *, fill: Fill = "background") -> list[NamedLabelMap]:
    """Read a COCO instances file; annotations are painted in the order of the file, later over earlier.

    Pictures without annotations were not labelled and are left out; a category ``unlabelled`` gives 255.

    Args:
        path: the JSON file.
        part_set: the parts that categories name; categories that no annotation uses are ignored.
        fill: what pixels are that no annotation covers.

    Raises:
        BadLabel: a damaged file, categories that are no part, annotations without a segmentation, or none.
    """
    path = Path(path)
    values = read_json_object(path)
    categories = _by_id(values, "categories", path)
    images = _by_id(values, "images", path)
    sizes = {
        i: checked_image_size(image.get("height"), image.get("width"), f"image {i!r}", path)
        for i, image in images.items()
    }
    shapes: dict[Any, list[Shape]] = defaultdict(list)
    for number, entry in enumerate(checked_entries(values, "annotations", path), 1):
        where = f"annotation {entry.get('id', f'no. {number}')!r}"
        image_id = _checked_reference(entry, "image_id", images, where, path)
        category = categories[_checked_reference(entry, "category_id", categories, where, path)]
        label = _checked_text(category, "name", "a category", path)
        shapes[image_id].append(Shape(label, _region(entry, sizes[image_id], where, path), where))
    named = [
        ImageShapes(_checked_text(image, "file_name", f"image {i!r}", path), sizes[i], shapes[i])
        for i, image in images.items()
    ]
    return paint_images(named, part_set, fill, path)


def write_coco(
    path: str | Path,
    labels: Iterable[tuple[str, LabelMap]],
    part_set: PartSet,
    *,
    style: Style = "mask",
    fill: Fill = "background",
) -> list[Path]:
    """Write label maps as one COCO file, so that reading with the same ``fill`` gives exactly the same.

    Each part of each picture is one annotation; category ids are part ids plus one.

    Args:
        path: the JSON file.
        labels: names of pictures and their label maps.
        part_set: the parts of the label maps.
        style: compressed run lengths or polygons.
        fill: what need not be written, because readers fill it in.

    Returns:
        The file written.
    """
    path = Path(path)
    category_ids = {name: i for i, name in enumerate((*part_set.names, UNLABELLED_NAME), 1)}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, (name, label_map) in enumerate(checked_labels(labels, part_set), 1):
        height, width = label_map.shape
        images.append({"id": image_id, "file_name": name, "width": width, "height": height})
        for part_name, mask in part_masks(label_map, part_set, fill):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": category_ids[part_name],
                    "segmentation": _segmentation(mask, style),
                    "area": int(mask.sum()),
                    "bbox": list(bounding_box(mask)),
                    "iscrowd": 0,
                }
            )
    used = {entry["category_id"] for entry in annotations}
    declared = declared_names([name for name, i in category_ids.items() if i in used], part_set)
    categories = [{"id": category_ids[name], "name": name, "supercategory": ""} for name in declared]
    write_compact_json(path, {"images": images, "annotations": annotations, "categories": categories})
    return [path]


def is_coco(values: dict[str, Any]) -> bool:
    """Whether a JSON object looks like a COCO file."""
    return "images" in values and "annotations" in values


def _by_id(values: dict[str, Any], key: str, path: Path) -> dict[Any, dict[str, Any]]:
    entries = checked_entries(values, key, path)
    ids = [entry.get("id") for entry in entries]
    if not all(isinstance(i, int | str) for i in ids) or len(set(ids)) < len(ids):
        raise BadLabel(f"has {key} without an id, or two with the same", expected="distinct ids", path=path)
    return dict(zip(ids, entries, strict=True))


def _checked_reference(
    entry: dict[str, Any], key: str, known: dict[Any, dict[str, Any]], where: str, path: Path
) -> int | str:
    reference = entry.get(key)
    if isinstance(reference, int | str) and reference in known:
        return reference
    raise BadLabel(f"{where} has the {key} {reference!r}", expected="an id that the file defines", path=path)


def _checked_text(entry: dict[str, Any], key: str, where: str, path: Path) -> str:
    text = entry.get(key)
    if not isinstance(text, str):
        raise BadLabel(f"{where} has the {key} {text!r}", expected="a text", path=path)
    return text


def _region(entry: dict[str, Any], size: tuple[int, int], where: str, path: Path) -> Region:
    segmentation = entry.get("segmentation")
    if isinstance(segmentation, list) and segmentation:
        return Polygons(tuple(checked_points(_pairs(flat), 3, where, path) for flat in segmentation))
    if isinstance(segmentation, dict):
        return _runs(segmentation, size, where, path)
    raise BadLabel(
        f"{where} has no segmentation",
        expected="polygons or run lengths",
        remedy="Export the labels as segmentation, not as boxes",
        path=path,
    )


def _pairs(flat: Any) -> Any:
    if not isinstance(flat, list) or len(flat) % 2:
        return None
    return list(zip(flat[::2], flat[1::2], strict=True))


def _runs(segmentation: dict[str, Any], size: tuple[int, int], where: str, path: Path) -> Runs:
    if segmentation.get("size") != list(size):
        raise BadLabel(
            f"{where} has run lengths for the size {segmentation.get('size')!r}",
            expected=f"{list(size)}, the height and width of its image",
            path=path,
        )
    counts = segmentation.get("counts")
    try:
        lengths = runs_from_text(counts) if isinstance(counts, str) else counts
    except ValueError as error:
        raise BadLabel(f"{where} has {error}", remedy="Export the labels again", path=path) from error
    if not isinstance(lengths, list):
        raise BadLabel(f"{where} has the counts {lengths!r}", expected="a list or a text", path=path)
    return Runs(tuple(lengths), size, by_columns=True)


def _segmentation(mask: Mask, style: Style) -> Any:
    if style == "polygon":
        return [points.ravel().tolist() for points in outline_polygons(mask)]
    return {"size": list(mask.shape), "counts": runs_to_text(run_lengths(mask.ravel(order="F")))}
