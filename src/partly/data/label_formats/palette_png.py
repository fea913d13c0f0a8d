"""Partly's own form of labels: one PNG of part ids for each picture."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from partly.data.label_formats.cutting import Style, checked_labels, output_paths
from partly.data.label_formats.shape_painting import Fill, NamedLabelMap
from partly.data.labels.label_maps import LabelMap, read_label_map, write_label_map
from partly.data.labels.part_sets import PartSet
from partly.errors import BadLabel


def read_palette_png(
    path: str | Path, part_set: PartSet, *, fill: Fill = "background"
) -> list[NamedLabelMap]:
    """Read one PNG, or all in a folder and its subfolders.

    Args:
        path: a PNG, or a folder; names are relative to the folder.
        part_set: the parts that ids or colours mean.
        fill: without effect, since a PNG says what every pixel is.

    Raises:
        BadLabel: as for :func:`~partly.data.labels.read_label_map`, or a folder without PNG.
    """
    del fill
    path = Path(path)
    if not path.is_dir():
        return [NamedLabelMap(path.name, read_label_map(path, part_set))]
    files = sorted(path.rglob("*.png"))
    if not files:
        raise BadLabel("has no PNG in it", expected="a folder of label maps", path=path)
    return [
        NamedLabelMap(file.relative_to(path).as_posix(), read_label_map(file, part_set)) for file in files
    ]


def write_palette_png(
    path: str | Path,
    labels: Iterable[tuple[str, LabelMap]],
    part_set: PartSet,
    *,
    style: Style = "mask",
    fill: Fill = "background",
) -> list[Path]:
    """Write label maps as palette PNG.

    Args:
        path: a ``.png`` file for one picture, or a folder, where ``a/b.jpg`` becomes ``a/b.png``.
        labels: names of pictures and their label maps.
        part_set: the parts of the label maps, and their colours.
        style: without effect.
        fill: without effect.

    Returns:
        The files written.
    """
    del style, fill
    named = checked_labels(labels, part_set)
    targets = output_paths(Path(path), [image_name for image_name, _ in named], ".png")
    for target, (_, label_map) in zip(targets, named, strict=True):
        write_label_map(target, label_map, part_set)
    return targets
