"""LabelMe: one JSON file for each picture, with polygons, rectangles, circles and bitmaps.

Coordinates are continuous, (0, 0) being the top left corner of the first pixel; shapes are filled by the rule
of pixel centres, which at edges differs by up to a pixel from LabelMe's own export.
"""

from __future__ import annotations

import base64
import io
import math
import posixpath
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from partly.data.label_formats.cutting import (
    LabelMaps,
    Style,
    Writing,
    output_paths,
    part_masks,
)
from partly.data.label_formats.format_checks import checked_polygons, picture_name, refuse_shape_kinds
from partly.data.label_formats.json_labels import checked_entries, write_compact_json
from partly.data.label_formats.label_file import LabelFile, Reading
from partly.data.label_formats.part_mask import PartMask
from partly.data.label_formats.picture_sizes import Size, picture_size
from partly.data.label_formats.polygons import (
    NOTHING,
    Ellipse,
    ImageShapes,
    Patch,
    Polygons,
    Shape,
    polygon_shapes,
)
from partly.data.label_formats.shape_painting import NamedLabelMap, read_shapes
from partly.data.labels.label_bytes import decode_png
from partly.data.labels.rasterise import Mask, Points, rectangle_points
from partly.data.labels.telling import Tell
from partly.errors import BadLabel

# The last two are X-AnyLabeling's: four corners, like an oriented rectangle.
_KINDS = ("polygon", "rectangle", "oriented_rectangle", "circle", "mask", "rotation", "quadrilateral")
_VERSION = "5.5.0"
_FILE_ADDITIONS = {"checked", "vqaData", "chat_history"}
_SHAPE_ADDITIONS = {"score", "difficult", "kie_linking", "direction", "attributes"}


def read_labelme(files: Sequence[LabelFile], reading: Reading) -> list[NamedLabelMap]:
    """Read LabelMe files, or those of X-AnyLabeling; later shapes cover earlier ones.

    Names of pictures are relative to the folder that was given.

    Raises:
        BadLabel: damaged files, labels that are no part, shapes that are no areas, or no shape at all.
    """
    return read_shapes(files, _images, reading)


def write_labelme(path: Path, labels: LabelMaps, writing: Writing) -> list[Path]:
    """Write LabelMe files: ``path`` itself, or in that folder ``a/b.json`` for ``a/b.jpg``.

    The shapes of an object are a group with its number, where objects are told apart.
    """
    targets = output_paths(path, labels.names, ".json")
    for target, (image_name, label_map, object_map) in zip(targets, labels.with_objects(), strict=True):
        shapes = [
            entry
            for part in part_masks(label_map, writing, object_map)
            for entry in _entries(part, writing.style)
        ]
        # LabelMe looks for pictures relative to the label file.
        image_path = image_name if target == path else posixpath.basename(image_name)
        write_compact_json(target, labelme_record(_VERSION, image_path, label_map.shape, shapes))
    return targets


def labelme_record(
    version: str, image_path: str, shape: tuple[int, ...], shapes: list[dict[str, Any]]
) -> dict[str, Any]:
    """What a file of one picture holds; ``shape`` is its height and width."""
    height, width = shape
    return {
        "version": version,
        "flags": {},
        "shapes": shapes,
        "imagePath": image_path,
        "imageData": None,
        "imageHeight": height,
        "imageWidth": width,
    }


def is_labelme(file: LabelFile) -> bool:
    """Whether a JSON file looks like LabelMe's, without what X-AnyLabeling adds."""
    return has_shapes(file) and not _has_additions(file.json())


def has_shapes(file: LabelFile) -> bool:
    """Whether a JSON file looks like LabelMe's, or that of a program that writes the same and more."""
    values = file.json()
    return isinstance(values, dict) and "shapes" in values


def _has_additions(values: dict[str, Any]) -> bool:
    shapes = values["shapes"] if isinstance(values["shapes"], list) else []
    keys = {key for shape in shapes if isinstance(shape, dict) for key in shape}
    return not _FILE_ADDITIONS.isdisjoint(values) or not _SHAPE_ADDITIONS.isdisjoint(keys)


def _images(file: LabelFile, reading: Reading) -> list[ImageShapes]:
    values, path, tell = file.json_object(reading.tell), file.path, reading.tell
    entries = checked_entries(values, "shapes", path)
    image_path = values.get("imagePath")
    name = picture_name(image_path) if isinstance(image_path, str) and image_path else picture_name(path.stem)
    name = posixpath.normpath(posixpath.join(file.folder.as_posix(), name))
    size = picture_size(
        values.get("imageHeight"),
        values.get("imageWidth"),
        name,
        "the picture",
        path,
        lambda: _size_of_data(values.get("imageData")) or reading.size_of(name, path),
    )
    refuse_shape_kinds((kind for kind in map(_kind, entries) if kind not in _KINDS), _KINDS, path)
    shapes = [
        shape for i, entry in enumerate(entries, 1) for shape in _shapes(entry, f"shape {i}", path, tell)
    ]
    return [ImageShapes(name, size, shapes, path)]


def _size_of_data(image_data: Any) -> Size | None:
    """Height and width of the picture that a file holds; None: it holds none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a large picture, which is not decoded
            with Image.open(io.BytesIO(base64.b64decode(image_data))) as image:
                return image.height, image.width
    except (OSError, ValueError, TypeError, SyntaxError, Image.DecompressionBombError):
        return None


def _kind(entry: dict[str, Any]) -> str:
    # The first versions knew polygons only, and did not say so.
    return str(entry.get("shape_type") or "polygon")


def _shapes(entry: dict[str, Any], where: str, path: Path, tell: Tell) -> list[Shape]:
    """The shape of an entry, and one without area for each of its polygons that has none."""
    label = entry.get("label")
    if not isinstance(label, str):
        raise BadLabel(f"{where} has the label {label!r}", expected="a text", path=path)
    where = f"{where} ({label!r})"
    kind = _kind(entry)
    polygons = checked_polygons(entry.get("points"), where, path)
    corners = polygons[0] if polygons else np.empty((0, 2))
    if kind == "mask":
        if entry.get("mask", "") is None:
            return [Shape(label, NOTHING, f"{where}, a mask without its bitmap")]
        return [Shape(label, _patch(entry.get("mask"), corners, where, path, tell), where)]
    if kind in ("circle", "rectangle") and len(corners) < 2:
        return [Shape(label, NOTHING, where)]
    if kind == "circle":
        radius = math.dist(corners[0], corners[1])
        return [Shape(label, Ellipse((float(corners[0, 0]), float(corners[0, 1])), (radius, radius)), where)]
    if kind == "rectangle" and len(corners) == 2:
        rectangle = rectangle_points(tuple(corners[0].tolist()), tuple(corners[1].tolist()))
        return [Shape(label, Polygons((rectangle,)), where)]
    return polygon_shapes(label, polygons, where)


def _patch(data: Any, corners: Points, where: str, path: Path, tell: Tell) -> Patch:
    """The bitmap in its box, whose corners are pixels of it.

    LabelMe writes boxes that are a pixel larger or smaller, and reads them so: from the top left corner on,
    and cut to the box. Corners between pixels, made by dragging, say only where the bitmap is.
    """
    if len(corners) < 2:
        raise BadLabel(
            f"{where} has unusable points",
            expected="two corners of its bitmap, [[left, top], [right, bottom]]",
            path=path,
        )
    pixels = _bitmap(data, where, path)
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    if not all(value == round(value) for value in (left, top, right, bottom)):
        return Patch(pixels, round(left), round(top))
    height, width = round(bottom - top) + 1, round(right - left) + 1
    cut = pixels[:height, :width]
    if cut.shape != pixels.shape or max(height - pixels.shape[0], width - pixels.shape[1]) > 1:
        tell(
            f"{path}: {where} has a bitmap of {pixels.shape[1]} x {pixels.shape[0]} px in a box of {width} x "
            f"{height} px; it was put into the top left corner and cut to the box, as LabelMe does"
        )
    return Patch(cut, round(left), round(top))


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


def _entries(part: PartMask, style: Style) -> list[dict[str, Any]]:
    if style == "mask":
        return [_mask_entry(part)]
    return [_entry(part, "polygon", points, None) for points in outline_points(part)]


def outline_points(part: PartMask) -> list[list[list[float]]]:
    """Polygons of a part, as lists of points x, y."""
    return [points.astype(float).tolist() for points in part.polygons()]


def _mask_entry(part: PartMask) -> dict[str, Any]:
    left, top, width, height = part.bounding_box()
    buffer = io.BytesIO()
    Image.fromarray(part.in_bounding_box().astype(np.uint8)).save(buffer, format="PNG")
    points = [[float(left), float(top)], [float(left + width - 1), float(top + height - 1)]]
    return _entry(part, "mask", points, base64.b64encode(buffer.getvalue()).decode("ascii"))


def _entry(part: PartMask, kind: str, points: list[list[float]], mask: str | None) -> dict[str, Any]:
    return {
        "label": part.name,
        "points": points,
        "group_id": part.object_number,
        "description": "",
        "shape_type": kind,
        "flags": {},
        "mask": mask,
    }
