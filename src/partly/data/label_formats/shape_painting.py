"""Shapes to label maps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from partly.data.label_formats.format_checks import check_image_names
from partly.data.label_formats.polygons import ImageShapes
from partly.data.labels.label_maps import LabelMap
from partly.data.labels.part_sets import UNLABELLED, UNLABELLED_NAME, PartSet
from partly.errors import BadLabel, counted

Fill = Literal["background", "unlabelled"]
"""What pixels are that no shape covers."""

FILL_IDS: dict[Fill, int] = {"background": 0, "unlabelled": UNLABELLED}


class NamedLabelMap(NamedTuple):
    """A label map, uint8 [h, w], and the name of its picture as the label file gives it."""

    image_name: str
    label_map: LabelMap


def paint_images(
    images: Sequence[ImageShapes], part_set: PartSet, fill: Fill, path: Path
) -> list[NamedLabelMap]:
    """Label maps of all pictures that have a shape; pictures without any were not labelled and are left out.

    Raises:
        BadLabel: no picture has a shape, two have the same name, or a label is no part.
    """
    labelled = [image for image in images if image.shapes]
    if not labelled:
        raise BadLabel(
            f"has no shape in any of its {len(images)} pictures" if images else "has no pictures",
            expected="at least one labelled picture",
            remedy="Label a picture, and export again",
            path=path,
        )
    check_image_names([image.image_name for image in images], path)
    _check_labels(labelled, part_set, path)
    return [NamedLabelMap(image.image_name, _painted(image, part_set, fill, path)) for image in labelled]


def _painted(image: ImageShapes, part_set: PartSet, fill: Fill, path: Path) -> LabelMap:
    label_map = np.full(image.size, FILL_IDS[fill], np.uint8)
    for shape in image.shapes:
        part_id = UNLABELLED if shape.label == UNLABELLED_NAME else part_set.index(shape.label)
        try:
            label_map[shape.region.mask(image.size)] = part_id
        except ValueError as error:
            raise BadLabel(
                f"{shape.where} has {error}", remedy="Export the labels again", path=path
            ) from error
    return label_map


def _check_labels(images: Sequence[ImageShapes], part_set: PartSet, path: Path) -> None:
    counts = Counter(shape.label for image in images for shape in image.shapes)
    unknown = {
        label: n for label, n in counts.items() if label != UNLABELLED_NAME and label not in part_set.names
    }
    if unknown:
        raise BadLabel(
            "has labels that are no part: "
            + ", ".join(f"{label!r} ({counted(n, 'shape')})" for label, n in unknown.items()),
            expected=f"{', '.join(part_set.names)}, or {UNLABELLED_NAME}",
            remedy="Rename the labels in the labelling tool, or add the parts to the part set",
            path=path,
        )
