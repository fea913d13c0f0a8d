"""YOLO segmentation: a text file for each picture, a line for each polygon, in shares of the picture's size.

A line is a class number and the points x, y of one polygon. The file says neither the picture's size nor what
the numbers mean: names of classes come from ``data.yaml``, sizes from whoever knows the picture, or from the
picture in ``images`` beside ``labels``. There are no bitmaps, so polygons are written always: a line for each
piece of a part, with its holes hung on it by bridges without width. Ultralytics joins pieces by such bridges
too, and both are read as what they enclose.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from partly.data.label_formats.class_names import (
    LISTS_OF_NAMES,
    ClassNames,
    class_names_of,
    prefix_of_each_other,
)
from partly.data.label_formats.cutting import LabelMaps, Writing, output_paths, part_masks
from partly.data.label_formats.label_file import LabelFile, Reading
from partly.data.label_formats.picture_files import size_on_disk
from partly.data.label_formats.picture_sizes import picture_size
from partly.data.label_formats.polygons import ImageShapes, Shape, polygon_shapes
from partly.data.label_formats.shape_painting import NamedLabelMap, read_shapes
from partly.data.labels.part_sets import UNLABELLED_NAME, PartSet
from partly.data.labels.rasterise import Points
from partly.errors import BadLabel
from partly.storage import write_text

LABELS_FOLDER = "labels"
"""Where the label files of a data set lie; pictures lie in ``images`` beside."""

_IMAGES = "images"
_BOX_NUMBERS = (5, 6)  # class, centre, width and height; predictions have a confidence behind
_FEWEST_NUMBERS = 7
_MOST_BYTES = 64_000_000
_OUTSIDE = 0.1
"""By how much of the picture points may lie outside of it; further away they are not shares of its size."""


def read_yolo(files: Sequence[LabelFile], reading: Reading) -> list[NamedLabelMap]:
    """Read YOLO segmentation files; lines are painted in their order. Names are those of the files.

    Raises:
        BadLabel: damaged files, boxes or keypoints, classes that nobody names or that are no part, pictures
            whose size nobody knows, or no line at all.
    """
    names: dict[Path, ClassNames] = {}

    def images_of(file: LabelFile, reading: Reading) -> list[ImageShapes]:
        lines = _lines(file, reading)
        folder = file.path.parent
        if folder not in names:
            names[folder] = _class_names(file, reading)
        return [_image(file, lines, names[folder], reading)]

    return read_shapes(files, images_of, reading)


def is_yolo(file: LabelFile) -> bool:
    """Whether a text file has the numbers of polygons; logs and lists may be far larger than any of those."""
    if file.path.stat().st_size > _MOST_BYTES:
        return False
    return any(len(line) >= _FEWEST_NUMBERS for line in _numbers(file.text()) or [])


def is_yolo_boxes(file: LabelFile) -> bool:
    """Whether a text file has the numbers of YOLO's boxes."""
    if file.path.stat().st_size > _MOST_BYTES:
        return False
    lines = _numbers(file.text())
    return bool(lines) and all(len(line) in _BOX_NUMBERS for line in lines or [])


def belongs_to_yolo(path: Path) -> bool:
    """Whether a text file is a list of names, which is read with the labels."""
    return path.name.lower() in LISTS_OF_NAMES


def boxes_refused(path: Path) -> BadLabel:
    """The error of a file with boxes."""
    return BadLabel(
        "has YOLO's boxes (a class and four numbers)",
        expected="YOLO segmentation: a class, and points x, y",
        remedy="Export the labels as segmentation",
        path=path,
    )


def write_yolo(path: Path, labels: LabelMaps, writing: Writing) -> list[Path]:
    """Write YOLO files and ``data.yaml``.

    ``path`` is a ``.txt`` for one picture, or a folder that gets ``data.yaml`` and ``labels/a/b.txt`` for
    ``a/b.jpg``; the pictures belong into its ``images``. Classes are the parts without the background, which
    follows as the last where it must be written. Where objects are told apart, no line is of two of them.

    Raises:
        BadLabel: a ``data.yaml`` of other classes is there.
    """
    is_file = path.suffix.lower() == ".txt"
    targets = output_paths(path if is_file else path / LABELS_FOLDER, labels.names, ".txt")
    table = (path.parent if is_file else path) / "data.yaml"
    names = _all_names(writing.part_set)
    n_names = writing.part_set.n_parts - 1
    _check_table(table, names)
    for target, (_, label_map, object_map) in zip(targets, labels.with_objects(), strict=True):
        lines = []
        for part in part_masks(label_map, writing, object_map):
            number = names.index(part.name)
            n_names = max(n_names, number + 1)
            lines += [_line(number, points, part.shape) for points in part.polygons()]
        write_text(target, "".join(lines))
    known = _known_names(table)
    if len(known) < n_names:
        write_text(table, _table_text(names[:n_names]))
    return [*targets, table]


def _class_names(file: LabelFile, reading: Reading) -> ClassNames:
    found = class_names_of(file.path.parent.absolute(), reading.tell)
    if found is None:
        raise BadLabel(
            "has classes by number, and nothing says what they mean",
            expected=f"data.yaml (or {LISTS_OF_NAMES[0]}) with their names, beside the labels or above them",
            remedy="Give the folder of the whole data set, or put data.yaml beside the labels",
            path=file.path,
        )
    return found


def _lines(file: LabelFile, reading: Reading) -> list[list[float]]:
    lines = _numbers(file.text(reading.tell))
    if lines is None:
        raise _not_numbers(file)
    if any(len(line) in _BOX_NUMBERS for line in lines):
        raise boxes_refused(file.path)
    return lines


def _image(file: LabelFile, lines: list[list[float]], names: ClassNames, reading: Reading) -> ImageShapes:
    path, name = file.path, _picture_name(file)
    if not lines:
        return ImageShapes(name, (0, 0), [], path)
    numbered = [(f"polygon {i}", line) for i, line in enumerate(lines, 1)]
    checked = [(where, *_checked(line, where, path)) for where, line in numbered]
    known = lambda: reading.size_of(name, path) or size_on_disk(_places(file))  # noqa: E731
    height, width = picture_size(None, None, name, "the picture", path, known)
    shapes: list[Shape] = []
    for where, number, points in checked:
        label = names.name(number, where, path)
        shapes += polygon_shapes(label, [points * (width, height)], f"{where} ({label!r})")
    return ImageShapes(name, (height, width), shapes, path)


def _numbers(text: str) -> list[list[float]] | None:
    """The numbers of each line that is not empty; None where a line has something else."""
    try:
        return [[float(word) for word in line.split()] for line in text.split("\n") if line.strip()]
    except ValueError:
        return None


def _not_numbers(file: LabelFile) -> BadLabel:
    lines = enumerate(file.text().split("\n"), 1)
    number, line = next((i, line) for i, line in lines if line.strip() and _numbers(line) is None)
    return BadLabel(
        f"line {number} is {line.strip()[:40]!r}",
        expected="numbers: a class, and points x, y",
        remedy="Export the labels again",
        path=file.path,
    )


def _checked(line: list[float], where: str, path: Path) -> tuple[int, Points]:
    """Class number and points, in shares of the picture's size, of a line.

    Raises:
        BadLabel: there are none, or they are no such shares.
    """
    first, rest = line[0], line[1:]
    if not (first >= 0 and float(first).is_integer()):
        raise BadLabel(f"{where} begins with {first:g}", expected="a class number, 0, 1, 2 …", path=path)
    if len(rest) % 2:
        raise BadLabel(
            f"{where} has {len(rest)} numbers behind its class",
            expected="points x, y, an even number of them",
            remedy="Write predictions without confidences (save_conf)" if len(rest) > 6 else None,
            path=path,
        )
    points = np.array(rest, np.float64).reshape(-1, 2)
    if not ((points >= -_OUTSIDE) & (points <= 1 + _OUTSIDE)).all():
        worst = max(rest, key=lambda value: abs(value) if math.isfinite(value) else math.inf)
        raise BadLabel(
            f"{where} has the coordinate {worst:g}",
            expected="shares of the picture's width and height, 0 to 1",
            remedy="Divide x by the width and y by the height, or export the labels as YOLO segmentation",
            path=path,
        )
    return int(first), points


def _picture_name(file: LabelFile) -> str:
    """The name of the file under its last folder ``labels``, which is the picture's but for the suffix."""
    parts = PurePosixPath(file.name).parts
    above = [i for i, part in enumerate(parts[:-1]) if part.lower() == LABELS_FOLDER]
    return "/".join(parts[above[-1] + 1 if above else 0 :])


def _places(file: LabelFile) -> list[Path]:
    """Where the picture may be, without suffix: in ``images`` in place of ``labels``, or beside."""
    bare = file.path.absolute().with_suffix("")
    places = [
        Path(*bare.parts[:i], _IMAGES, *bare.parts[i + 1 :])
        for i in range(len(bare.parts) - 2, 0, -1)
        if bare.parts[i].lower() == LABELS_FOLDER
    ]
    return [*places[:1], bare, bare.parent / _IMAGES / bare.name]


def _all_names(part_set: PartSet) -> list[str]:
    return [*part_set.names[1:], part_set.names[0], UNLABELLED_NAME]


def _line(number: int, points: np.ndarray, shape: tuple[int, ...]) -> str:
    height, width = shape
    shares = (points / (width, height)).ravel().tolist()
    return " ".join([str(number), *(f"{share:.9g}" for share in shares)]) + "\n"


def _known_names(table: Path) -> list[str]:
    if not table.is_file():
        return []
    found = class_names_of(table.parent.absolute(), lambda _: None)
    return [] if found is None else list(found.names.values())


def _check_table(table: Path, names: Sequence[str]) -> None:
    known = _known_names(table)
    if not prefix_of_each_other(known, names):
        raise BadLabel(
            f"names the classes {', '.join(known)}",
            expected=", ".join(names[:-2]),
            remedy="Choose another folder, or remove the data set that is there",
            path=table,
        )


def _table_text(names: Sequence[str]) -> str:
    lines = [f"  {number}: {json.dumps(name, ensure_ascii=False)}" for number, name in enumerate(names)]
    return (
        "# YOLO segmentation. The pictures belong into images, with the names of their labels in labels.\n"
        f"train: {_IMAGES}\nval: {_IMAGES}\nnames:\n" + "\n".join(lines) + "\n"
    )
