"""Label maps to the masks, names and files that label formats hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from partly.data.label_formats.fillings import FILL_IDS, Fill
from partly.data.label_formats.format_checks import check_image_names
from partly.data.label_formats.part_mask import PartMask
from partly.data.labels.label_maps import LabelMap, check_label_map
from partly.data.labels.part_sets import UNLABELLED, UNLABELLED_NAME, PartSet
from partly.errors import BadLabel

ObjectMap = NDArray[np.uint16]
"""Number of the object that each pixel belongs to, 0 where there is none, ``[h, w]``."""

_ROWS = 512

Style = Literal["mask", "polygon"]
"""How label maps are written: as runs or bitmaps of pixels, or as polygons along the edges of pixels."""


@dataclass(frozen=True)
class LabelMaps:
    """Label maps of pictures, one at a time, so that many of them may lie on disk.

    Attributes:
        names: of the pictures.
        load: gives the label map of the picture with this number.
        load_objects: gives its object map, where objects are told apart: then each object's parts are shapes
            of their own in all formats that have shapes.
    """

    names: Sequence[str]
    load: Callable[[int], LabelMap]
    load_objects: Callable[[int], ObjectMap] | None = None

    @classmethod
    def of(cls, labels: Iterable[tuple[str, LabelMap]]) -> LabelMaps:
        """Label maps that are in memory."""
        named = list(labels)
        return cls([name for name, _ in named], lambda i: named[i][1])

    def __iter__(self) -> Iterator[tuple[str, LabelMap]]:
        return ((name, self.load(i)) for i, name in enumerate(self.names))

    def with_objects(self) -> Iterator[tuple[str, LabelMap, ObjectMap | None]]:
        """Names, label maps and object maps; None where objects are not told apart."""
        for i, (name, label_map) in enumerate(self):
            yield name, label_map, self.load_objects(i) if self.load_objects else None


@dataclass(frozen=True)
class Writing:
    """What writers are given besides label maps.

    Attributes:
        part_set: the parts of the label maps.
        style: bitmaps or polygons, where the format has both.
        fill: what need not be written, because readers fill it in.
        draft: they are what a network says, for people to correct: formats that tell say so, and a picture
            that is filled alone has no shape.
    """

    part_set: PartSet
    style: Style = "mask"
    fill: Fill = "background"
    draft: bool = False


def checked_labels(labels: LabelMaps | Iterable[tuple[str, LabelMap]], part_set: PartSet) -> LabelMaps:
    """All label maps to be written, checked before anything is.

    Raises:
        BadLabel: none at all, a label map that does not fit the part set, an object map of another size, or
            unusable or equal names.
    """
    maps = labels if isinstance(labels, LabelMaps) else LabelMaps.of(labels)
    if not maps.names:
        raise BadLabel("there is no label map to write", expected="at least one")
    check_image_names(maps.names, None)
    for name, label_map, object_map in maps.with_objects():
        check_label_map(label_map, part_set, empty_ok=True, path=name)
        if object_map is not None and object_map.shape != label_map.shape:
            raise BadLabel(
                f"the object map has {object_map.shape[1]} x {object_map.shape[0]} pixels",
                expected=f"{label_map.shape[1]} x {label_map.shape[0]}, as its label map",
                path=name,
            )
    return maps


def part_masks(
    label_map: LabelMap, writing: Writing, object_map: ObjectMap | None = None
) -> Iterator[PartMask]:
    """Names and masks of the parts of a label map that a label file must hold.

    Those are all that have pixels, except what readers fill in. If that leaves nothing, the filling
    is written after all, because a picture without shapes counts as not labelled; not in a draft, which
    nobody has looked at.

    With an object map, each object has masks of its own, in the order of their numbers; what belongs to no
    object comes last.
    """
    ids = np.unique(label_map).tolist()
    wanted = [i for i in ids if i != FILL_IDS[writing.fill]]
    wanted = wanted if wanted or writing.draft else ids
    height, width = label_map.shape
    if object_map is None:
        for part_id in wanted:
            name = _part_name(part_id, writing.part_set)
            yield PartMask(name, label_map == part_id, 0, 0, (height, width))
        return
    for number, (rows, columns) in _object_boxes(object_map).items():
        of_object, labels = object_map[rows, columns] == number, label_map[rows, columns]
        for part_id in wanted:
            inside = of_object & (labels == part_id)
            if inside.any():
                name = _part_name(part_id, writing.part_set)
                yield PartMask(name, inside, columns.start, rows.start, (height, width), number or None)


def _part_name(part_id: int, part_set: PartSet) -> str:
    return UNLABELLED_NAME if part_id == UNLABELLED else part_set.names[part_id]


def _object_boxes(object_map: ObjectMap) -> dict[int, tuple[slice, slice]]:
    """Rows and columns of each object by its number, in order; at last the whole map for 0, no object."""
    height, width = object_map.shape
    n = int(object_map.max(initial=0)) + 1
    first, last = np.full((2, n), max(height, width)), np.full((2, n), -1)
    for top in range(0, height, _ROWS):
        strip = object_map[top : top + _ROWS]
        rows, columns = np.nonzero(strip)
        numbers = strip[rows, columns]
        for axis, places in enumerate((rows + top, columns)):
            np.minimum.at(first[axis], numbers, places)
            np.maximum.at(last[axis], numbers, places)
    boxes = {
        number: (
            slice(int(first[0, number]), int(last[0, number]) + 1),
            slice(int(first[1, number]), int(last[1, number]) + 1),
        )
        for number in np.flatnonzero(last[0] >= 0).tolist()
    }
    return boxes | {0: (slice(0, height), slice(0, width))}


def declared_names(used: Collection[str], part_set: PartSet) -> list[str]:
    """Names that a label file declares: all parts; the background and "unlabelled" only if they are used."""
    names = (*part_set.names, UNLABELLED_NAME)
    return [name for name in names if name in part_set.names[1:] or name in used]


def output_paths(path: Path, image_names: Sequence[str], suffix: str) -> list[Path]:
    """Where formats with one file for each picture write: ``path`` itself if it has the suffix, else into it.

    Raises:
        BadLabel: one file for several pictures, a name that leaves the folder, or two that want one file.
    """
    if path.suffix.lower() == suffix:
        if len(image_names) != 1:
            raise BadLabel(f"is one file for {len(image_names)} pictures", expected="a folder", path=path)
        return [path]
    for name in image_names:
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts or "\\" in name or ":" in parts[0]:
            raise BadLabel(
                f"the picture name {name!r} would leave the folder", expected="a relative name", path=path
            )
    targets = [path / PurePosixPath(name).with_suffix(suffix) for name in image_names]
    twice = [str(target) for target, n in Counter(targets).items() if n > 1]
    if twice:
        raise BadLabel(
            f"several pictures would be written to {', '.join(twice)}",
            expected="picture names that differ before the suffix",
            path=path,
        )
    return targets
