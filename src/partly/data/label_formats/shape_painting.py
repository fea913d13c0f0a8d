"""Shapes to label maps."""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from partly.data.label_formats.fillings import FILL_IDS, Fill
from partly.data.label_formats.format_checks import check_image_names
from partly.data.label_formats.label_file import LabelFile, Reading
from partly.data.label_formats.polygons import NOTHING, ImageShapes, Shape
from partly.data.labels.label_maps import LabelMap
from partly.data.labels.part_sets import UNLABELLED, UNLABELLED_NAME, PartSet
from partly.data.labels.telling import Tell
from partly.errors import BadLabel, counted, listed

# LabelMe's own names, with which its lists of labels begin, and that of other lists of classes.
_UNLABELLED_ALIAS = "__ignore__"
_BACKGROUND_ALIASES = ("_background_", "__background__")


class NamedLabelMap(NamedTuple):
    """A label map, uint8 [h, w], the name of its picture as the label file gives it, and that file."""

    image_name: str
    label_map: LabelMap
    path: Path | None = None


def read_shapes(
    files: Iterable[LabelFile],
    images_of: Callable[[LabelFile, Reading], Iterable[ImageShapes]],
    reading: Reading,
) -> list[NamedLabelMap]:
    """Label maps of the pictures in some files, each of which is forgotten once its shapes are known.

    Args:
        files: label files of one format.
        images_of: the pictures of a file with their shapes.
        reading: what they are read with.

    Raises:
        BadLabel: as for ``images_of`` and :func:`paint_images`.
    """
    images: list[ImageShapes] = []
    for file in files:
        images += images_of(file, reading)
        file.forget()
    return paint_images(images, reading)


def paint_images(images: Sequence[ImageShapes], reading: Reading) -> list[NamedLabelMap]:
    """Label maps of all pictures with a shape that covers a pixel; the others were not labelled.

    Shapes called ``unlabelled``, or LabelMe's ``__ignore__``, give 255, and its ``_background_`` the first
    part.

    Args:
        images: pictures with their shapes.
        reading: the parts that shapes name, the filling, and who is told of shapes that cover nothing.

    Raises:
        BadLabel: no picture has a shape that covers a pixel, two have the same name, or a label is no part.
    """
    if not any(image.shapes for image in images):
        raise BadLabel(
            f"has no shape in any of its {len(images)} pictures" if images else "has no pictures",
            expected="at least one labelled picture",
            remedy="Label a picture, and export again",
            path=reading.path,
        )
    check_image_names([image.image_name for image in images], reading.path)
    _check_labels(images, reading)
    labelled = []
    empty: dict[Path, list[str]] = defaultdict(list)
    for image in (image for image in images if image.shapes):
        label_map, covers_nothing = _painted(image, reading.part_set, reading.fill)
        empty[image.path] += [shape.where for shape in covers_nothing]
        if len(covers_nothing) < len(image.shapes):
            labelled.append(NamedLabelMap(image.image_name, label_map, image.path))
    if not labelled:
        n_shapes = sum(len(image.shapes) for image in images)
        raise BadLabel(
            f"has {counted(n_shapes, 'shape')}, but none that covers a pixel",
            expected="at least one labelled picture",
            remedy="Label a picture, and export again",
            path=reading.path,
        )
    _tell_of_empty(empty, reading.tell)
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
        label_map[mask] = part_id(shape.label, part_set)
    return label_map, empty


def part_id(label: str, part_set: PartSet) -> int:
    """The id of a label that :func:`is_known` knows."""
    if label in part_set.names:
        return part_set.index(label)
    return 0 if label in _BACKGROUND_ALIASES else UNLABELLED


def is_known(label: str, part_set: PartSet) -> bool:
    """Whether a label is a part, or what programs call the background and pixels without a label."""
    return label in part_set.names or label in (UNLABELLED_NAME, _UNLABELLED_ALIAS, *_BACKGROUND_ALIASES)


def likely_parts(labels: Iterable[str], part_set: PartSet) -> str | None:
    """A question that names the parts that unknown labels are close to; None: they are close to none."""
    by_letters = {name.casefold(): name for name in part_set.names}
    meant = []
    for label in labels:
        close = difflib.get_close_matches(label.strip().casefold(), by_letters, n=1, cutoff=0.7)
        if close:
            meant.append(f"{by_letters[close[0]]!r} for {label!r}")
    return f"Did you mean {listed(meant)}" if meant else None


def _tell_of_empty(empty: dict[Path, list[str]], tell: Tell) -> None:
    for path, shapes in empty.items():
        if shapes:
            tell(f"{path}: {counted(len(shapes), 'shape')} without area passed over: {listed(shapes)}")


def _check_labels(images: Sequence[ImageShapes], reading: Reading) -> None:
    part_set = reading.part_set
    strange = [
        (shape.label, image.path)
        for image in images
        for shape in image.shapes
        if shape.region is not NOTHING and not is_known(shape.label, part_set)
    ]
    if strange:
        files = {file for _, file in strange}
        counts = Counter(label for label, _ in strange)
        remedy = "Rename the labels in the labelling tool, or add the parts to the part set"
        likely = likely_parts(counts, part_set)
        raise BadLabel(
            "has labels that are no part: "
            + ", ".join(f"{label!r} ({counted(n, 'shape')})" for label, n in counts.items()),
            expected=f"{', '.join(part_set.names)}, or {UNLABELLED_NAME}",
            remedy=f"{likely}? {remedy}" if likely else remedy,
            path=files.pop() if len(files) == 1 else reading.path,
        )
