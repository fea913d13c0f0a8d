"""CVAT for images 1.1: one XML file for many pictures, with polygons, boxes, ellipses and masks.

Coordinates are continuous, and shapes are filled by the rule of pixel centres; masks are exact. Documents
with a DOCTYPE are refused, so no entity can grow or reach outside.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.etree import ElementTree

from partly.data.label_formats.cutting import (
    LabelMaps,
    Style,
    Writing,
    declared_names,
    part_masks,
)
from partly.data.label_formats.format_checks import (
    MAX_COORDINATE,
    checked_points,
    picture_name,
    refuse_shape_kinds,
)
from partly.data.label_formats.label_file import LabelFile, Reading
from partly.data.label_formats.part_mask import PartMask
from partly.data.label_formats.picture_sizes import SizeOf, picture_size, size_of_box, whole_number
from partly.data.label_formats.polygons import (
    NOTHING,
    Ellipse,
    ImageShapes,
    Polygons,
    Region,
    Runs,
    Shape,
    polygon_shapes,
)
from partly.data.label_formats.run_lengths import run_lengths
from partly.data.label_formats.shape_painting import NamedLabelMap, read_shapes
from partly.data.labels.part_colours import UNLABELLED_COLOUR
from partly.data.labels.part_sets import UNLABELLED_NAME, PartSet
from partly.data.labels.rasterise import rectangle_points
from partly.errors import BadLabel
from partly.storage import write_bytes

_KINDS = ("polygon", "box", "ellipse", "mask")
_VERSION = "1.1"


def read_cvat(files: Sequence[LabelFile], reading: Reading) -> list[NamedLabelMap]:
    """Read "CVAT for images 1.1" files.

    Shapes are painted in order of ``z_order``, and of the file where that is equal. Pictures without shapes
    were not labelled and are left out; tags are ignored.

    Raises:
        BadLabel: a damaged file, another version, a video export, a DOCTYPE, labels that are no part, shapes
            that are no areas, or no shape at all.
    """
    return read_shapes(files, _images, reading)


def is_cvat(file: LabelFile) -> bool:
    """Whether an XML file looks like CVAT's."""
    return file.xml().tag == "annotations"


def _images(file: LabelFile, reading: Reading) -> list[ImageShapes]:
    root, path = file.xml(), file.path
    version = root.findtext("version", "").strip()
    if root.tag != "annotations" or version != _VERSION or root.find("track") is not None:
        found = (
            "tracks of a video" if root.find("track") is not None else f"<{root.tag}>, version {version!r}"
        )
        raise BadLabel(
            f"holds {found}",
            expected=f"<annotations>, version {_VERSION!r}, with images",
            remedy="Export as 'CVAT for images 1.1'",
            path=path,
        )
    images = root.findall("image")
    kinds = (shape.tag for image in images for shape in image if shape.tag != "tag")
    refuse_shape_kinds((kind for kind in kinds if kind not in _KINDS), _KINDS, path)
    return [_image(image, path, reading.size_of) for image in images]


def write_cvat(path: Path, labels: LabelMaps, writing: Writing) -> list[Path]:
    """Write label maps as one CVAT file, with masks or polygons.

    The shapes of an object are a group with its number, where objects are told apart.
    """
    root = ElementTree.Element("annotations")
    ElementTree.SubElement(root, "version").text = _VERSION
    task = ElementTree.SubElement(ElementTree.SubElement(root, "meta"), "task")
    used: set[str] = set()
    for number, (name, label_map, object_map) in enumerate(labels.with_objects()):
        height, width = label_map.shape
        attributes = {"id": str(number), "name": name, "width": str(width), "height": str(height)}
        image = ElementTree.SubElement(root, "image", attributes)
        for part in part_masks(label_map, writing, object_map):
            _add_shapes(image, part, writing.style)
            used.add(part.name)
    _add_labels(task, declared_names(used, writing.part_set), writing.part_set)
    ElementTree.indent(root)
    write_bytes(path, ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")
    return [path]


def _image(image: ElementTree.Element, path: Path, size_of: SizeOf) -> ImageShapes:
    name = picture_name(image.get("name", ""))
    where = f"image {name!r}"
    elements = sorted(
        (element for element in image if element.tag != "tag"),
        key=lambda element: _whole(element, "z_order", where, path, missing=0),
    )
    if not elements:
        return ImageShapes(name, (0, 0), [], path)
    height, width = image.get("height"), image.get("width")
    size = picture_size(height, width, name, where, path, lambda: size_of(name, path))
    shapes = [shape for element in elements for shape in _shapes(element, where, path)]
    return ImageShapes(name, size, shapes, path)


def _shapes(element: ElementTree.Element, where: str, path: Path) -> list[Shape]:
    label = element.get("label", "")
    where = f"{where}: {element.tag} {label!r}"
    if element.tag == "polygon":
        text = element.get("points", "").strip().strip(";")
        pairs = [pair.split(",") for pair in text.split(";")] if text else []
        return polygon_shapes(label, [checked_points(pairs, where, path)], where)
    return [Shape(label, _region(element, where, path), where)]


def _region(element: ElementTree.Element, where: str, path: Path) -> Region:
    if element.tag == "mask":
        return _runs(element, where, path)
    rotation = _number(element, "rotation", where, path, missing="0")
    keys = ("cx", "cy", "rx", "ry") if element.tag == "ellipse" else ("xtl", "ytl", "xbr", "ybr")
    a, b, c, d = (_number(element, key, where, path) for key in keys)
    if element.tag == "ellipse":
        return Ellipse((a, b), (c, d), rotation)
    return Polygons((rectangle_points((a, b), (c, d), rotation),))


def _runs(element: ElementTree.Element, where: str, path: Path) -> Region:
    left, top, width, height = (
        _whole(element, key, where, path) for key in ("left", "top", "width", "height")
    )
    try:
        lengths = tuple(int(text) for text in element.get("rle", "").split(",") if text.strip())
    except ValueError:
        raise BadLabel(
            f"{where} has damaged run lengths", expected="whole numbers with commas between", path=path
        ) from None
    if not any(lengths):
        return NOTHING  # an empty mask, whose box says nothing either
    return Runs(lengths, size_of_box(height, width, where, path), left, top)


def _whole(element: ElementTree.Element, key: str, where: str, path: Path, missing: int | None = None) -> int:
    text = element.get(key)
    if text is None and missing is not None:
        return missing
    number = whole_number(text)
    if number is None:
        raise BadLabel(f"{where} has {key} {text!r}", expected="a whole number", path=path)
    return number


def _number(element: ElementTree.Element, key: str, where: str, path: Path, missing: str = "") -> float:
    text = element.get(key, missing)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not abs(number) <= MAX_COORDINATE:
        raise BadLabel(f"{where} has {key} {text!r}", expected="a number", path=path)
    return number


def _add_labels(task: ElementTree.Element, names: Iterable[str], part_set: PartSet) -> None:
    labels = ElementTree.SubElement(task, "labels")
    colours = {part.name: part.colour for part in part_set.parts} | {UNLABELLED_NAME: UNLABELLED_COLOUR}
    for name in names:
        label = ElementTree.SubElement(labels, "label")
        ElementTree.SubElement(label, "name").text = name
        ElementTree.SubElement(label, "color").text = "#{:02x}{:02x}{:02x}".format(*colours[name])


def _add_shapes(image: ElementTree.Element, part: PartMask, style: Style) -> None:
    common = {"label": part.name, "source": "manual", "occluded": "0"}
    if part.object_number is not None:
        common["group_id"] = str(part.object_number)
    if style == "polygon":
        for points in part.polygons():
            text = ";".join(f"{x}.00,{y}.00" for x, y in points.tolist())
            ElementTree.SubElement(image, "polygon", common | {"points": text, "z_order": "0"})
        return
    left, top, width, height = part.bounding_box()
    numbers = {"left": left, "top": top, "width": width, "height": height, "z_order": 0}
    runs = run_lengths(part.in_bounding_box().ravel())
    attributes = {"rle": ", ".join(map(str, runs))} | {key: str(value) for key, value in numbers.items()}
    ElementTree.SubElement(image, "mask", common | attributes)
