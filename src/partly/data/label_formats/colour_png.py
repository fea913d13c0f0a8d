"""Colour-coded PNG: one a picture, whose colours a table names, as in Pascal VOC, Cityscapes and CamVid.

The table lies beside the PNGs or above them; without one, the colours are those of the parts. Colours that no
row has are refused: who smoothed edges, or saved as JPEG, must not give labels that nobody drew.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from partly.data.label_formats.colour_refusals import check_colours, check_names
from partly.data.label_formats.colour_tables import (
    TABLE_NAME,
    ColourTable,
    colour_table_of,
    read_table,
)
from partly.data.label_formats.cutting import LabelMaps, Writing, output_paths
from partly.data.label_formats.label_file import LabelFile, Reading
from partly.data.label_formats.shape_painting import NamedLabelMap, part_id
from partly.data.labels.label_bytes import decode_png
from partly.data.labels.label_maps import LabelMap, check_label_map
from partly.data.labels.part_colours import UNLABELLED_COLOUR, Colour
from partly.data.labels.part_sets import UNLABELLED, UNLABELLED_NAME, PartSet
from partly.errors import BadLabel, counted, listed
from partly.storage import write_bytes, write_text

_BLACK = (0, 0, 0)
_VOID_INDEX = 255
_CLASSES, _INSTANCES = "SegmentationClass", "SegmentationObject"


def read_colour_png(files: Sequence[LabelFile], reading: Reading) -> list[NamedLabelMap]:
    """Read colour-coded PNGs, or all in a folder; names are those of the files.

    In folders of Pascal VOC, those of single objects are passed over.

    Raises:
        BadLabel: a PNG that cannot be read, colours of no row, rows of no part, or half transparent pixels.
    """
    tables: dict[Path, ColourTable | None] = {}
    named = []
    for file in _of_classes(files, reading):
        folder = file.path.parent.absolute()
        if folder not in tables:
            tables[folder] = colour_table_of(folder)
        named.append(NamedLabelMap(file.name, _label_map(file, tables[folder], reading), file.path))
    return named


def is_colour_png(file: LabelFile) -> bool:
    """Whether a table says what the colours of a PNG are; numbers alone, as in palette PNGs, are others'."""
    table = colour_table_of(file.path.parent.absolute())
    if table is None:
        return False
    try:
        image = decode_png(file.data())
    except ValueError:
        return False
    if image.mode not in ("P", "L", "1"):
        return image.mode in ("RGB", "RGBA", "LA")
    used = set(_counted(_rgb_and_alpha(image)[0]))
    return used <= table.names.keys() or bool((used - {_BLACK}) & table.names.keys())


def belongs_to_colour_png(path: Path) -> bool:
    """Whether a file is a table of colours."""
    return read_table(path) is not None


def write_colour_png(path: Path, labels: LabelMaps, writing: Writing) -> list[Path]:
    """Write PNGs in the colours of the parts, and ``labelmap.txt`` with their names; all pixels are written.

    ``path`` is a ``.png`` for one picture, or a folder that gets ``a/b.png`` for ``a/b.jpg``.

    Raises:
        BadLabel: a table with other colours is there.
    """
    targets = output_paths(path, labels.names, ".png")
    table = (path.parent if path.suffix.lower() == ".png" else path) / TABLE_NAME
    names = _own_table(writing.part_set, table)
    known = read_table(table) if table.exists() else names
    if known != names:
        raise BadLabel(
            "is there, with other colours or names",
            expected="the colours of the parts",
            remedy="Choose another folder, or remove the labels that are there",
            path=table,
        )
    for target, (_, label_map) in zip(targets, labels, strict=True):
        buffer = io.BytesIO()
        Image.fromarray(writing.part_set.palette[label_map]).save(buffer, format="PNG")
        write_bytes(target, buffer.getvalue())
    rows = [f"{name}:{','.join(map(str, colour))}::\n" for colour, name in names.names.items()]
    write_text(table, "# label:color_rgb:parts:actions\n" + "".join(rows))
    return [*targets, table]


def _own_table(part_set: PartSet, path: Path) -> ColourTable:
    names = {part.colour: part.name for part in part_set.parts}
    return ColourTable(names | {UNLABELLED_COLOUR: UNLABELLED_NAME}, path)


def _of_classes(files: Sequence[LabelFile], reading: Reading) -> list[LabelFile]:
    """PNGs of classes, without those of single objects beside them."""
    of_objects = [file for file in files if _INSTANCES in file.folder.parts]
    others = [file for file in files if file not in of_objects]
    if not others or not of_objects:
        return list(files)
    shown = listed(file.name for file in of_objects)
    reading.tell(f"{reading.path}: {counted(len(of_objects), 'file')} of single objects passed over: {shown}")
    return others


def _label_map(file: LabelFile, table: ColourTable | None, reading: Reading) -> LabelMap:
    path, part_set = file.path, reading.part_set
    image = _image(file)
    pixels, opaque = _rgb_and_alpha(image)
    _check_alpha(opaque, path)
    keys = _keys(pixels)
    hidden = opaque == 0
    if image.mode == "P" and (table is None or _void_colour(image) not in table.names):
        # Pascal VOC's border between objects, which tables leave out.
        hidden |= np.asarray(image) == _VOID_INDEX
    counts = _counted(pixels[~hidden])
    own = _own_table(part_set, path)
    if table is None or (not counts.keys() <= table.names.keys() and counts.keys() <= own.names.keys()):
        if table is not None:
            reading.tell(
                f"{path}: was read by the colours of the parts, since {table.path} lacks some of its colours"
            )
        table = own
    check_colours(counts, pixels, hidden, table, path)
    check_names(counts, table, part_set, path)
    found, inverse = np.unique(keys, return_inverse=True)
    ids = np.array([_id_of(int(key), table, part_set) for key in found], np.uint8)
    label_map: LabelMap = np.where(hidden, np.uint8(UNLABELLED), ids[inverse.reshape(keys.shape)])
    check_label_map(label_map, part_set, path=path)
    return label_map


def _image(file: LabelFile) -> Image.Image:
    try:
        image = decode_png(file.data())
        if image.mode not in ("P", "L", "1", "RGB", "RGBA", "LA"):
            raise ValueError(f"a PNG of the kind {image.mode}")
    except ValueError as error:
        raise BadLabel(
            f"cannot be used as a colour-coded label map: {error}",
            expected="a sound PNG in colours of 8 bits; other formats may change colours",
            remedy="Save the label map as PNG (again)",
            path=file.path,
        ) from error
    return image


def _rgb_and_alpha(image: Image.Image) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Colours, uint8 [h, w, 3], and how opaque they are, uint8 [h, w]."""
    pixels = np.asarray(image.convert("RGBA"))
    return pixels[..., :3], pixels[..., 3]


def _void_colour(image: Image.Image) -> Colour | None:
    palette = (image.getpalette("RGB") or [])[3 * _VOID_INDEX :]
    return (palette[0], palette[1], palette[2]) if len(palette) == 3 else None


def _keys(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
    wide = pixels.astype(np.int32)
    keys: npt.NDArray[np.int32] = (wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2]
    return keys


def _colour_of(key: int) -> Colour:
    return key >> 16, key >> 8 & 255, key & 255


def _counted(pixels: npt.NDArray[np.uint8]) -> dict[Colour, int]:
    """Colours with their numbers of pixels, the commonest first."""
    found, counts = np.unique(_keys(pixels), return_counts=True)
    commonest = np.argsort(-counts, kind="stable")
    return {_colour_of(int(found[i])): int(counts[i]) for i in commonest}


def _id_of(key: int, table: ColourTable, part_set: PartSet) -> int:
    name = table.names.get(_colour_of(key))
    return UNLABELLED if name is None else part_id(name, part_set)


def _check_alpha(alpha: npt.NDArray[np.uint8], path: Path) -> None:
    n_between = int(((alpha > 0) & (alpha < 255)).sum())
    if n_between:
        raise BadLabel(
            f"has {counted(n_between, 'pixel')} that are half transparent",
            expected="opaque pixels, or fully transparent ones (unlabelled)",
            remedy="Paint without smoothed edges",
            path=path,
        )
