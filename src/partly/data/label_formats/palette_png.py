"""Partly's own form of labels: one PNG of part ids for each picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from partly.data.label_formats.cutting import LabelMaps, Writing, output_paths
from partly.data.label_formats.label_file import LabelFile, Reading
from partly.data.label_formats.shape_painting import NamedLabelMap
from partly.data.labels.label_maps import read_label_map, write_label_map


def read_palette_png(files: Sequence[LabelFile], reading: Reading) -> list[NamedLabelMap]:
    """Read PNGs of part ids, or in the colours of the parts; names are those of the files.

    A PNG says what every pixel is and how large the picture is, so filling and sizes are without effect.

    Raises:
        BadLabel: as for :func:`~partly.data.labels.read_label_map`.
    """
    return [
        NamedLabelMap(file.name, read_label_map(file.path, reading.part_set, tell=reading.tell), file.path)
        for file in files
    ]


def write_palette_png(path: Path, labels: LabelMaps, writing: Writing) -> list[Path]:
    """Write palette PNGs: ``path`` itself, or in that folder ``a/b.png`` for ``a/b.jpg``; all is written."""
    targets = output_paths(path, labels.names, ".png")
    for target, (_, label_map) in zip(targets, labels, strict=True):
        write_label_map(target, label_map, writing.part_set)
    return targets


def has_ids(path: Path) -> bool:
    """Whether a file looks like a PNG of ids rather than like a picture, which is in colours."""
    try:
        with Image.open(path) as image:
            return image.mode in ("P", "L", "1", "I", "I;16")
    except (OSError, ValueError, Image.DecompressionBombError):
        return False
