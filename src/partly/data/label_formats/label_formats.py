"""All label formats by name; a new one is a file with a reader and a writer, and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from partly.data.label_formats.coco import is_coco, read_coco, write_coco
from partly.data.label_formats.cutting import Style
from partly.data.label_formats.cvat import read_cvat, read_cvat_root, write_cvat
from partly.data.label_formats.json_labels import read_json_object
from partly.data.label_formats.labelme import is_foreign, is_labelme, read_labelme, write_labelme
from partly.data.label_formats.palette_png import read_palette_png, write_palette_png
from partly.data.label_formats.shape_painting import Fill, NamedLabelMap
from partly.data.labels.label_maps import LabelMap
from partly.data.labels.part_sets import PartSet
from partly.errors import BadLabel, BadOption


class Reader(Protocol):
    """Reads label maps from a file or folder."""

    def __call__(
        self, path: str | Path, part_set: PartSet, *, fill: Fill = "background"
    ) -> list[NamedLabelMap]:
        """Names of pictures and their label maps."""


class Writer(Protocol):
    """Writes label maps to a file or folder."""

    def __call__(
        self,
        path: str | Path,
        labels: Iterable[tuple[str, LabelMap]],
        part_set: PartSet,
        *,
        style: Style = "mask",
        fill: Fill = "background",
    ) -> list[Path]:
        """The files written."""


@dataclass(frozen=True)
class LabelFormat:
    """A label format.

    Attributes:
        name: how commands call it.
        title: how people call it.
        suffix: of its files.
        one_file_each: whether each picture has a file of its own, so that a folder can be read and written.
        recognises: whether a file with this suffix is of this format.
        read: the reader.
        write: the writer.
    """

    name: str
    title: str
    suffix: str
    one_file_each: bool
    recognises: Callable[[Path], bool]
    read: Reader
    write: Writer


FORMATS: dict[str, LabelFormat] = {
    label_format.name: label_format
    for label_format in (
        LabelFormat(
            "labelme",
            "LabelMe JSON",
            ".json",
            True,
            lambda path: is_labelme(read_json_object(path)),
            read_labelme,
            write_labelme,
        ),
        LabelFormat(
            "coco",
            "COCO instances JSON",
            ".json",
            False,
            lambda path: is_coco(read_json_object(path)),
            read_coco,
            write_coco,
        ),
        LabelFormat(
            "cvat",
            "CVAT for images 1.1 XML",
            ".xml",
            False,
            lambda path: read_cvat_root(path).tag == "annotations",
            read_cvat,
            write_cvat,
        ),
        LabelFormat("png", "palette PNG", ".png", True, lambda _: True, read_palette_png, write_palette_png),
    )
}


def format_named(name: str) -> LabelFormat:
    """The format with this name.

    Raises:
        BadOption: there is none.
    """
    if name not in FORMATS:
        raise BadOption(f"there is no label format {name!r}", expected=f"one of {', '.join(FORMATS)}")
    return FORMATS[name]


def detect_format(path: str | Path) -> LabelFormat:
    """The format of a label file, or of the label files in a folder, by suffix and content.

    Raises:
        BadLabel: nothing there, or of no known format.
    """
    path = Path(path)
    file = _first_file(path) if path.is_dir() else path
    if not file.exists():
        raise BadLabel("no such file or folder", expected="a label file", path=path)
    for label_format in FORMATS.values():
        suits = label_format.one_file_each or not path.is_dir()
        if suits and file.suffix.lower() == label_format.suffix and label_format.recognises(file):
            return label_format
    raise BadLabel(
        "is of no known label format",
        expected=", ".join(f"{known.title} ({known.suffix})" for known in FORMATS.values()),
        remedy="Unpack archives first, and export the labels in one of these formats",
        path=file,
    )


def read_labels(
    path: str | Path, part_set: PartSet, *, format_name: str | None = None, fill: Fill = "background"
) -> list[NamedLabelMap]:
    """Read label maps of any format.

    Args:
        path: a label file, or a folder of them.
        part_set: the parts that labels name.
        format_name: a name in the catalogue; None: detect it.
        fill: what pixels are that no shape covers.

    Raises:
        BadLabel: the format is unknown, or its reader fails.
        BadOption: there is no format with this name.
    """
    label_format = detect_format(path) if format_name is None else format_named(format_name)
    return label_format.read(path, part_set, fill=fill)


def write_labels(
    path: str | Path,
    labels: Iterable[tuple[str, LabelMap]],
    part_set: PartSet,
    *,
    format_name: str,
    style: Style = "mask",
    fill: Fill = "background",
) -> list[Path]:
    """Write label maps in any format; arguments and result as for the writer of the format."""
    return format_named(format_name).write(path, labels, part_set, style=style, fill=fill)


def _first_file(folder: Path) -> Path:
    # JSON before PNG: LabelMe's files lie beside the pictures, which may be PNG.
    for suffix in (".json", ".png"):
        files = sorted(folder.rglob(f"*{suffix}"))
        if files:
            return next((file for file in files if not _is_foreign(file)), files[0])
    raise BadLabel("has no label files in it", expected="LabelMe JSON or palette PNG", path=folder)


def _is_foreign(file: Path) -> bool:
    """Whether a file is a JSON that has nothing to do with labels."""
    return file.suffix == ".json" and is_foreign(read_json_object(file))
