"""LabelMe: one JSON file for each picture, with polygons, rectangles, circles and bitmaps.

Coordinates are continuous, (0, 0) being the top left corner of the first pixel; shapes are filled by the rule
of pixel centres, which at edges differs by up to a pixel from LabelMe's own export.
"""

from __future__ import annotations

import base64
import io
import math
import posixpath
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from partly.data.label_formats.coco import is_coco
from partly.data.label_formats.cutting import Style, bounding_box, checked_labels, output_paths, part_masks
from partly.data.label_formats.format_checks import checked_image_size, checked_points, refuse_shape_kinds
from partly.data.label_formats.json_labels import checked_entries, read_json_object, write_compact_json
from partly.data.label_formats.polygons import Ellipse, ImageShapes, Patch, Polygons, Region, Shape
from partly.data.label_formats.shape_painting import Fill, NamedLabelMap, paint_images
from partly.data.labels.label_bytes import decode_png
from partly.data.labels.label_maps import LabelMap
from partly.data.labels.outlines import outline_polygons
from partly.data.labels.part_sets import PartSet
from partly.data.labels.rasterise import Mask, rectangle_points
from partly.errors import BadLabel

_KINDS = ("polygon", "rectangle", "oriented_rectangle", "circle", "mask")
_VERSION = "5.5.0"


def read_labelme(path: str | Path, part_set: PartSet, *, fill: Fill = "background") -> list[NamedLabelMap]:
    """Read one LabelMe file, or all in a folder and its subfolders.

    In a folder, JSON that has nothing to do with labels is passed over unless there is nothing else.
    Later shapes cover earlier ones; a shape called ``unlabelled`` gives 255.

    Args:
        path: a JSON file, or a folder of them; picture names are relative to the folder.
        part_set: the parts that labels name.
        fill: what pixels are that no shape covers.

    Raises:
        BadLabel: damaged files, labels that are no part, shapes that are no areas, or no shape at all.
    """
    path = Path(path)
    if not path.is_dir():
        return paint_images([_image(path, Path(), read_json_object(path))], part_set, fill, path)
    files = sorted(path.rglob("*.json"))
    read = ((file, file.parent.relative_to(path), read_json_object(file)) for file in files)
    images = [_image(file, folder, values) for file, folder, values in read if not is_foreign(values)]
    if files and not images:
        images = [_image(files[0], Path(), read_json_object(files[0]))]
    return paint_images(images, part_set, fill, path)


def write_labelme(
    path: str | Path,
    labels: Iterable[tuple[str, LabelMap]],
    part_set: PartSet,
    *,
    style: Style = "mask",
    fill: Fill = "background",
) -> list[Path]:
    """Write label maps as LabelMe files, so that reading with the same ``fill`` gives exactly the same.

    Args:
        path: a ``.json`` file for one picture, or a folder, where ``a/b.jpg`` becomes ``a/b.json``.
        labels: names of pictures and their label maps.
        part_set: the parts of the label maps.
        style: bitmaps or polygons.
        fill: what need not be written, because readers fill it in.

    Returns:
        The files written.
    """
    path = Path(path)
    named = checked_labels(labels, part_set)
    targets = output_paths(path, [image_name for image_name, _ in named], ".json")
    for target, (image_name, label_map) in zip(targets, named, strict=True):
        masks = part_masks(label_map, part_set, fill)
        height, width = label_map.shape
        record = {
            "version": _VERSION,
            "flags": {},
            "shapes": [entry for name, mask in masks for entry in _entries(name, mask, style)],
            # LabelMe looks for pictures relative to the label file.
            "imagePath": image_name if target == path else posixpath.basename(image_name),
            "imageData": None,
            "imageHeight": height,
            "imageWidth": width,
        }
        write_compact_json(target, record)
    return targets


def is_labelme(values: dict[str, Any]) -> bool:
    """Whether a JSON object looks like a LabelMe file."""
    return "shapes" in values and "imagePath" in values


def is_foreign(values: dict[str, Any]) -> bool:
    """Whether a JSON object has nothing to do with labels."""
    return "shapes" not in values and not is_coco(values)


def _image(path: Path, folder: Path, values: dict[str, Any]) -> ImageShapes:
    entries = checked_entries(values, "shapes", path)
    size = checked_image_size(values.get("imageHeight"), values.get("imageWidth"), "the picture", path)
    image_path = values.get("imagePath")
    name = image_path.replace("\\", "/") if isinstance(image_path, str) and image_path else path.stem
    refuse_shape_kinds((kind for kind in map(_kind, entries) if kind not in _KINDS), _KINDS, path)
    shapes = [_shape(entry, f"shape {i}", path) for i, entry in enumerate(entries, 1)]
    return ImageShapes(posixpath.normpath(posixpath.join(folder.as_posix(), name)), size, shapes)


def _kind(entry: dict[str, Any]) -> str:
    # The first versions knew polygons only, and did not say so.
    return str(entry.get("shape_type") or "polygon")


def _shape(entry: dict[str, Any], where: str, path: Path) -> Shape:
    label = entry.get("label")
    if not isinstance(label, str):
        raise BadLabel(f"{where} has the label {label!r}", expected="a text", path=path)
    where = f"{where} ({label!r})"
    return Shape(label, _region(entry, where, path), where)


def _region(entry: dict[str, Any], where: str, path: Path) -> Region:
    kind = _kind(entry)
    points = checked_points(
        entry.get("points"), 3 if kind in ("polygon", "oriented_rectangle") else 2, where, path
    )
    if kind == "mask":
        return _patch(entry.get("mask"), points.tolist(), where, path)
    if kind == "circle":
        radius = math.dist(points[0], points[1])
        return Ellipse((float(points[0, 0]), float(points[0, 1])), (radius, radius))
    if kind == "rectangle" and len(points) == 2:
        return Polygons((rectangle_points(tuple(points[0].tolist()), tuple(points[1].tolist())),))
    return Polygons((points,))


def _patch(data: Any, points: list[list[float]], where: str, path: Path) -> Patch:
    pixels = _bitmap(data, where, path)
    (left, top), (right, bottom) = points[0], points[1]
    # Both corners are pixels of the bitmap. Corners between pixels, made by dragging, say only where it is.
    stated = (bottom - top + 1, right - left + 1)
    if all(value == round(value) for value in (left, top, right, bottom)) and stated != pixels.shape:
        raise BadLabel(
            f"{where} has a bitmap of {pixels.shape[1]} x {pixels.shape[0]} px",
            expected=f"{stated[1]:.0f} x {stated[0]:.0f} px, as its points say",
            path=path,
        )
    return Patch(pixels, round(left), round(top))


def _bitmap(data: Any, where: str, path: Path) -> Mask:
    try:
        image = decode_png(base64.b64decode(data, validate=True))
        if image.mode not in ("1", "L", "P"):
            raise ValueError(f"PNG of the kind {image.mode}")
    except (TypeError, ValueError) as error:
        raise BadLabel(
            f"{where} has a bitmap that cannot be used: {error}",
            expected="a grey PNG in base64 under 'mask'",
            remedy="Save the file in LabelMe again",
            path=path,
        ) from error
    pixels: Mask = np.asarray(image) != 0
    return pixels


def _entries(name: str, mask: Mask, style: Style) -> list[dict[str, Any]]:
    if style == "mask":
        return [_mask_entry(name, mask)]
    return [_entry(name, "polygon", points.astype(float).tolist(), None) for points in outline_polygons(mask)]


def _mask_entry(name: str, mask: Mask) -> dict[str, Any]:
    left, top, width, height = bounding_box(mask)
    buffer = io.BytesIO()
    Image.fromarray(mask[top : top + height, left : left + width].astype(np.uint8)).save(buffer, format="PNG")
    points = [[float(left), float(top)], [float(left + width - 1), float(top + height - 1)]]
    return _entry(name, "mask", points, base64.b64encode(buffer.getvalue()).decode("ascii"))


def _entry(name: str, kind: str, points: list[list[float]], mask: str | None) -> dict[str, Any]:
    return {
        "label": name,
        "points": points,
        "group_id": None,
        "description": "",
        "shape_type": kind,
        "flags": {},
        "mask": mask,
    }
