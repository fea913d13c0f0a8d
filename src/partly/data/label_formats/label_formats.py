"""All label formats by name; a new one is a file with a reader and a writer, and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from partly.data.label_formats.coco import is_coco, read_coco, write_coco
from partly.data.label_formats.cutting import Style
from partly.data.label_formats.cvat import is_cvat_root, read_cvat, read_cvat_root, write_cvat
from partly.data.label_formats.files_of_labels import no_files, shown_files, unless_strange, visible_files
from partly.data.label_formats.json_labels import read_json
from partly.data.label_formats.labelme import is_labelme, read_labelme, write_labelme
from partly.data.label_formats.palette_png import has_ids, read_palette_png, write_palette_png
from partly.data.label_formats.picture_sizes import SizeOf, no_sizes
from partly.data.label_formats.shape_painting import Fill, NamedLabelMap
from partly.data.label_formats.strange_labels import remedy_for_json, remedy_for_xml
from partly.data.labels.label_maps import LabelMap
from partly.data.labels.part_sets import PartSet
from partly.data.labels.telling import Tell, tell_nobody
from partly.errors import BadLabel, BadOption, counted


class Reader(Protocol):
    """Reads label maps from a file or folder."""

    def __call__(
        self,
        path: str | Path,
        part_set: PartSet,
        *,
        fill: Fill = "background",
        size_of: SizeOf = no_sizes,
        tell: Tell = tell_nobody,
    ) -> list[NamedLabelMap]:
        """Names of pictures, their label maps, and their files."""


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
        one_file_each: whether each picture has a file of its own, so that a folder is written.
        recognises: whether a file with this suffix is of this format, by its JSON value, or the name of the
            root element of its XML; None of others.
        read: the reader.
        write: the writer.
    """

    name: str
    title: str
    suffix: str
    one_file_each: bool
    recognises: Callable[[Any], bool]
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
            is_labelme,
            read_labelme,
            write_labelme,
        ),
        LabelFormat(
            "coco",
            "COCO instances JSON",
            ".json",
            False,
            is_coco,
            read_coco,
            write_coco,
        ),
        LabelFormat(
            "cvat",
            "CVAT for images 1.1 XML",
            ".xml",
            False,
            is_cvat_root,
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
        BadLabel: nothing there, of no known format, or a folder with files of several.
    """
    path = Path(path)
    if path.is_dir():
        return _format_in(path)
    if not path.exists():
        raise BadLabel("no such file or folder", expected="a label file", path=path)
    if found := _format_of(path):
        return found
    raise _unknown(path)


def read_labels(
    path: str | Path,
    part_set: PartSet,
    *,
    format_name: str | None = None,
    fill: Fill = "background",
    size_of: SizeOf = no_sizes,
    tell: Tell = tell_nobody,
) -> list[NamedLabelMap]:
    """Read label maps of any format.

    Args:
        path: a label file, or a folder of them.
        part_set: the parts that labels name.
        format_name: a name in the catalogue; None: detect it.
        fill: what pixels are that no shape covers.
        size_of: knows the sizes of pictures, for files that do not say them.
        tell: is told of files and shapes that are passed over, and of what was understood in another way than
            it may have been meant.

    Raises:
        BadLabel: the format is unknown, or its reader fails.
        BadOption: there is no format with this name.
    """
    path = Path(path)
    label_format = detect_format(path) if format_name is None else format_named(format_name)
    read = label_format.read(path, part_set, fill=fill, size_of=size_of, tell=tell)
    if path.is_dir() and format_name is None:
        _tell_of_others(path, label_format, read, tell)
    return read


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


def _format_in(folder: Path) -> LabelFormat:
    """The format of the label files in a folder.

    PNG comes last: pictures, which may be PNG, lie beside label files of all other formats.
    """
    found: dict[str, Path] = {}
    files = {suffix: visible_files(folder, suffix) for suffix in (".json", ".xml", ".png")}
    for file in files[".json"] + files[".xml"]:
        if label_format := unless_strange(file, _format_of):
            found.setdefault(label_format.name, file)
    if len(found) > 1:
        raise BadLabel(
            "holds label files of several formats: "
            + ", ".join(f"{FORMATS[name].title} ({file.name})" for name, file in found.items()),
            expected="files of one format",
            remedy=f"Give the files themselves, or --format {' or '.join(found)}",
            path=folder,
        )
    if found:
        return FORMATS[next(iter(found))]
    if files[".png"]:
        return FORMATS["png"]
    for file in files[".json"] + files[".xml"]:
        raise _unknown(file)
    raise no_files(folder, "label files", ", ".join(known.title for known in FORMATS.values()))


def _format_of(file: Path) -> LabelFormat | None:
    """The format of one file, which is read once for all; None where it is of none.

    Raises:
        BadLabel: it cannot be read.
    """
    value = _value_of(file)
    known = (one for one in FORMATS.values() if file.suffix.lower() == one.suffix)
    return next((one for one in known if one.recognises(value)), None)


def _value_of(file: Path) -> Any:
    """What a file is recognised by; see :class:`LabelFormat`."""
    match file.suffix.lower():
        case ".json":
            return read_json(file)
        case ".xml":
            return read_cvat_root(file).tag
    return None


def _unknown(file: Path) -> BadLabel:
    """The error of a file of no known format."""
    value = _value_of(file)
    remedy = remedy_for_json(value) if file.suffix.lower() == ".json" else remedy_for_xml(value or "")
    return BadLabel(
        "is of no known label format",
        expected=", ".join(f"{known.title} ({known.suffix})" for known in FORMATS.values()),
        remedy=remedy,
        path=file,
    )


def _tell_of_others(folder: Path, taken: LabelFormat, read: Iterable[NamedLabelMap], tell: Tell) -> None:
    """Tell of files in a folder that may hold labels too, and were passed over for those of one format."""
    strangers = [
        file for suffix in {".json", ".xml"} - {taken.suffix} for file in visible_files(folder, suffix)
    ]
    others = [(sorted(strangers), "without labels")]
    if taken.suffix != ".png":
        stems = {PurePosixPath(named.image_name).stem for named in read}
        maps = [file for file in visible_files(folder, ".png") if file.stem not in stems and has_ids(file)]
        others.append((maps, f"beside {taken.title} (to read them as label maps, give --format png)"))
    for files, told in others:
        if files:
            names = shown_files(folder, files)
            tell(f"{folder}: {counted(len(files), 'file')} {told} passed over: {names}")
