"""Shapes to label maps."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from partly.data.label_formats.format_checks import check_image_names
from partly.data.label_formats.polygons import NOTHING, ImageShapes, Shape
from partly.data.labels.label_maps import LabelMap
from partly.data.labels.part_sets import UNLABELLED, UNLABELLED_NAME, PartSet
from partly.data.labels.telling import Tell, tell_nobody
from partly.errors import BadLabel, counted, listed

Fill = Literal["background", "unlabelled"]
"""What pixels are that no shape covers."""

FILL_IDS: dict[Fill, int] = {"background": 0, "unlabelled": UNLABELLED}


# LabelMe's own names, with which its lists of labels begin, and that of other lists of classes.
_UNLABELLED_ALIAS = "__ignore__"
_BACKGROUND_ALIASES = ("_background_", "__background__")


class NamedLabelMap(NamedTuple):
    """A label map, uint8 [h, w], the name of its picture as the label file gives it, and that file."""

    image_name: str
    label_map: LabelMap
    path: Path | None = None


def paint_images(
    images: Sequence[ImageShapes], part_set: PartSet, fill: Fill, path: Path, tell: Tell = tell_nobody
) -> list[NamedLabelMap]:
    """Label maps of all pictures with a shape that covers a pixel; the others were not labelled.

    Args:
        images: pictures with their shapes.
        part_set: the parts that shapes name; ``unlabelled`` and LabelMe's ``__ignore__`` give 255, and its
            ``_background_`` the first part.
        fill: what pixels are that no shape covers.
        path: the file or folder that was read.
        tell: is told of shapes that cover nothing, and so are passed over.

    Raises:
        BadLabel: no picture has a shape that covers a pixel, two have the same name, or a label is no part.
    """
    if not any(image.shapes for image in images):
        raise BadLabel(
            f"has no shape in any of its {len(images)} pictures" if images else "has no pictures",
            expected="at least one labelled picture",
            remedy="Label a picture, and export again",
            path=path,
        )
    check_image_names([image.image_name for image in images], path)
    _check_labels(images, part_set, path)
    labelled = []
    empty: dict[Path, list[str]] = defaultdict(list)
    for image in (image for image in images if image.shapes):
        label_map, covers_nothing = _painted(image, part_set, fill)
        empty[image.path] += [shape.where for shape in covers_nothing]
        if len(covers_nothing) < len(image.shapes):
            labelled.append(NamedLabelMap(image.image_name, label_map, image.path))
    if not labelled:
        n_shapes = sum(len(image.shapes) for image in images)
        raise BadLabel(
            f"has {counted(n_shapes, 'shape')}, but none that covers a pixel",
            expected="at least one labelled picture",
            remedy="Label a picture, and export again",
            path=path,
        )
    _tell_of_empty(empty, tell)
    return labelled


def _painted(image: ImageShapes, part_set: PartSet, fill: Fill) -> tuple[LabelMap, list[Shape]]:
    """The label map, and the shapes that cover no pixel."""
    label_map = np.full(image.size, FILL_IDS[fill], np.uint8)
    empty = []
    for shape in image.shapes:
        try:
            mask = shape.region.mask(image.size)
        except ValueError as error:
            raise BadLabel(
                f"{shape.where} has {error}", remedy="Export the labels again", path=image.path
            ) from error
        if not mask.any():
            empty.append(shape)
            continue
        label_map[mask] = _part_id(shape.label, part_set)
    return label_map, empty


def _part_id(label: str, part_set: PartSet) -> int:
    if label in part_set.names:
        return part_set.index(label)
    return 0 if label in _BACKGROUND_ALIASES else UNLABELLED


def _tell_of_empty(empty: dict[Path, list[str]], tell: Tell) -> None:
    for path, shapes in empty.items():
        if shapes:
            tell(f"{path}: {counted(len(shapes), 'shape')} without area passed over: {listed(shapes)}")


def _check_labels(images: Sequence[ImageShapes], part_set: PartSet, path: Path) -> None:
    known = {*part_set.names, UNLABELLED_NAME, _UNLABELLED_ALIAS, *_BACKGROUND_ALIASES}
    strange = [
        (shape.label, image.path)
        for image in images
        for shape in image.shapes
        if shape.region is not NOTHING and shape.label not in known
    ]
    if strange:
        files = {file for _, file in strange}
        raise BadLabel(
            "has labels that are no part: "
            + ", ".join(
                f"{label!r} ({counted(n, 'shape')})"
                for label, n in Counter(label for label, _ in strange).items()
            ),
            expected=f"{', '.join(part_set.names)}, or {UNLABELLED_NAME}",
            remedy="Rename the labels in the labelling tool, or add the parts to the part set",
            path=files.pop() if len(files) == 1 else path,
        )
