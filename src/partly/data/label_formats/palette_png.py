"""Partly's own form of labels: one PNG of part ids for each picture."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from partly.data.label_formats.cutting import Style, checked_labels, output_paths
from partly.data.label_formats.files_of_labels import labels_of
from partly.data.label_formats.format_checks import picture_name
from partly.data.label_formats.picture_sizes import SizeOf, no_sizes
from partly.data.label_formats.shape_painting import Fill, NamedLabelMap
from partly.data.labels.label_maps import LabelMap, read_label_map, write_label_map
from partly.data.labels.part_sets import PartSet
from partly.data.labels.telling import Tell, tell_nobody


def read_palette_png(
    path: str | Path,
    part_set: PartSet,
    *,
    fill: Fill = "background",
    size_of: SizeOf = no_sizes,
    tell: Tell = tell_nobody,
) -> list[NamedLabelMap]:
    """Read one PNG, or all in a folder and its subfolders.

    Args:
        path: a PNG, or a folder; names are relative to the folder.
        part_set: the parts that ids or colours mean.
        fill: without effect, since a PNG says what every pixel is.
        size_of: without effect, since a PNG has a size.
        tell: is told of files that are passed over, and of palettes that were sorted.

    Raises:
        BadLabel: as for :func:`~partly.data.labels.read_label_map`, or a folder without PNG.
    """
    del fill, size_of
    path = Path(path)
    root = path if path.is_dir() else path.parent
    return [
        NamedLabelMap(
            picture_name(file.relative_to(root).as_posix()), read_label_map(file, part_set, tell=tell), file
        )
        for file in labels_of(path, ".png", lambda _: True, tell)
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


def has_ids(path: Path) -> bool:
    """Whether a file looks like a PNG of ids rather than like a picture, which is in colours."""
    try:
        with Image.open(path) as image:
            return image.mode in ("P", "L", "1", "I", "I;16")
    except (OSError, ValueError, Image.DecompressionBombError):
        return False
