"""Label maps to the masks, names and files that label formats hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np

from partly.data.label_formats.fillings import FILL_IDS, Fill
from partly.data.label_formats.format_checks import check_image_names
from partly.data.labels.label_maps import LabelMap, check_label_map
from partly.data.labels.part_sets import UNLABELLED, UNLABELLED_NAME, PartSet
from partly.data.labels.rasterise import Mask
from partly.errors import BadLabel

Style = Literal["mask", "polygon"]
"""How label maps are written: as runs or bitmaps of pixels, or as polygons along the edges of pixels."""


@dataclass(frozen=True)
class LabelMaps:
    """Label maps of pictures, one at a time, so that many of them may lie on disk.

    Attributes:
        names: of the pictures.
        load: gives the label map of the picture with this number.
    """

    names: Sequence[str]
    load: Callable[[int], LabelMap]

    @classmethod
    def of(cls, labels: Iterable[tuple[str, LabelMap]]) -> LabelMaps:
        """Label maps that are in memory."""
        named = list(labels)
        return cls([name for name, _ in named], lambda i: named[i][1])

    def __iter__(self) -> Iterator[tuple[str, LabelMap]]:
        return ((name, self.load(i)) for i, name in enumerate(self.names))


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
        BadLabel: none at all, a label map that does not fit the part set, or unusable or equal names.
    """
    maps = labels if isinstance(labels, LabelMaps) else LabelMaps.of(labels)
    if not maps.names:
        raise BadLabel("there is no label map to write", expected="at least one")
    check_image_names(maps.names, None)
    for name, label_map in maps:
        check_label_map(label_map, part_set, empty_ok=True, path=name)
    return maps


def part_masks(label_map: LabelMap, writing: Writing) -> Iterator[tuple[str, Mask]]:
    """Names and masks of the parts of a label map that a label file must hold.

    Those are all that have pixels, except what readers fill in. If that leaves nothing, the filling
    is written after all, because a picture without shapes counts as not labelled; not in a draft, which
    nobody has looked at.
    """
    ids = np.unique(label_map).tolist()
    wanted = [i for i in ids if i != FILL_IDS[writing.fill]]
    for part_id in wanted if wanted or writing.draft else ids:
        yield (
            UNLABELLED_NAME if part_id == UNLABELLED else writing.part_set.names[part_id],
            label_map == part_id,
        )


def declared_names(used: Collection[str], part_set: PartSet) -> list[str]:
    """Names that a label file declares: all parts; the background and "unlabelled" only if they are used."""
    names = (*part_set.names, UNLABELLED_NAME)
    return [name for name in names if name in part_set.names[1:] or name in used]


def bounding_box(mask: Mask) -> tuple[int, int, int, int]:
    """Left, top, width and height of the smallest box around a mask that has pixels."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    return left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top


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
