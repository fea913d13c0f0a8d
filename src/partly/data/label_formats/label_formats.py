"""All label formats by name; a new one is a file with a reader and a writer, and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from partly.data.label_formats.class_names import YAML_SUFFIXES
from partly.data.label_formats.coco import is_coco, read_coco, write_coco
from partly.data.label_formats.colour_png import (
    belongs_to_colour_png,
    is_colour_png,
    read_colour_png,
    write_colour_png,
)
from partly.data.label_formats.cutting import LabelMaps, Style, Writing, checked_labels
from partly.data.label_formats.cvat import is_cvat, read_cvat, write_cvat
from partly.data.label_formats.files_of_labels import FilesOfLabels
from partly.data.label_formats.fillings import Fill
from partly.data.label_formats.label_file import LabelFile, Reading
from partly.data.label_formats.label_studio import is_label_studio, read_label_studio, write_label_studio
from partly.data.label_formats.labelme import is_labelme, read_labelme, write_labelme
from partly.data.label_formats.palette_png import has_ids, read_palette_png, write_palette_png
from partly.data.label_formats.picture_sizes import SizeOf, no_sizes
from partly.data.label_formats.shape_painting import NamedLabelMap
from partly.data.label_formats.strange_labels import remedy_for_json, remedy_for_xml
from partly.data.label_formats.via import is_via, read_via, write_via
from partly.data.label_formats.x_anylabeling import is_x_anylabeling, write_x_anylabeling
from partly.data.label_formats.yolo import (
    LABELS_FOLDER,
    belongs_to_yolo,
    boxes_refused,
    is_yolo,
    is_yolo_boxes,
    read_yolo,
    write_yolo,
)
from partly.data.labels.label_maps import LabelMap
from partly.data.labels.part_sets import PartSet
from partly.data.labels.telling import Tell, tell_nobody
from partly.errors import BadLabel, BadOption, counted

Reader = Callable[[Sequence[LabelFile], Reading], list[NamedLabelMap]]
"""Names of pictures, their label maps and their files, from files of one format."""

Writer = Callable[[Path, LabelMaps, Writing], list[Path]]
"""Writes label maps to a file or folder; gives the files written."""


def _none_belongs(path: Path) -> bool:
    del path
    return False


@dataclass(frozen=True)
class LabelFormat:
    """A label format.

    Attributes:
        name: how commands call it.
        title: how people call it.
        suffix: of its files.
        one_file_each: whether each picture has a file of its own, so that a folder is written.
        recognises: whether a file with this suffix is of this format, by its content.
        read: the reader.
        write: the writer.
        belongs: whether a file beside is read with them, such as a table of colours.
        names_picture: whether its files say what the picture is called; if not, their own names do.
        inner_folder: where in a folder its files are written.
    """

    name: str
    title: str
    suffix: str
    one_file_each: bool
    recognises: Callable[[LabelFile], bool]
    read: Reader
    write: Writer
    belongs: Callable[[Path], bool] = _none_belongs
    names_picture: bool = True
    inner_folder: str = ""


def _is_any(file: LabelFile) -> bool:
    del file
    return True


FORMATS: dict[str, LabelFormat] = {
    label_format.name: label_format
    for label_format in (
        LabelFormat("labelme", "LabelMe JSON", ".json", True, is_labelme, read_labelme, write_labelme),
        LabelFormat(
            "x-anylabeling",
            "X-AnyLabeling JSON",
            ".json",
            True,
            is_x_anylabeling,
            read_labelme,
            write_x_anylabeling,
        ),
        LabelFormat("coco", "COCO instances JSON", ".json", False, is_coco, read_coco, write_coco),
        LabelFormat("cvat", "CVAT for images 1.1 XML", ".xml", False, is_cvat, read_cvat, write_cvat),
        LabelFormat(
            "yolo",
            "YOLO segmentation",
            ".txt",
            True,
            is_yolo,
            read_yolo,
            write_yolo,
            belongs_to_yolo,
            names_picture=False,
            inner_folder=LABELS_FOLDER,
        ),
        LabelFormat(
            "label-studio",
            "Label Studio JSON",
            ".json",
            False,
            is_label_studio,
            read_label_studio,
            write_label_studio,
        ),
        LabelFormat("via", "VIA 2 JSON", ".json", False, is_via, read_via, write_via),
        LabelFormat(
            "colour-png",
            "PNG with a table of colours",
            ".png",
            True,
            is_colour_png,
            read_colour_png,
            write_colour_png,
            belongs_to_colour_png,
            names_picture=False,
        ),
        LabelFormat(
            "png",
            "palette PNG",
            ".png",
            True,
            _is_any,
            read_palette_png,
            write_palette_png,
            names_picture=False,
        ),
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
    return (
        _format_in(FilesOfLabels(path)) if path.is_dir() else _format_of_given(LabelFile(path, path.parent))
    )


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
        path: a label file, or a folder of them; ``data.yaml`` of YOLO stands for its folder.
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
    label_format = None if format_name is None else format_named(format_name)
    if path.suffix.lower() in YAML_SUFFIXES and path.is_file():
        path, label_format = path.parent, label_format or FORMATS["yolo"]
    reading = Reading(path, part_set, fill, size_of, tell)
    if not path.is_dir():
        file = LabelFile(path, path.parent)
        return (label_format or _format_of_given(file)).read([file], reading)
    folder = FilesOfLabels(path)
    taken = label_format or _format_in(folder)
    recognises = _recognises_like(taken)
    read = taken.read(folder.of_format(taken.suffix, recognises, taken.belongs, tell), reading)
    if label_format is None:
        _tell_of_others(folder, taken, read, tell)
    return read


def write_labels(
    path: str | Path,
    labels: LabelMaps | Iterable[tuple[str, LabelMap]],
    part_set: PartSet,
    *,
    format_name: str,
    style: Style = "mask",
    fill: Fill = "background",
    draft: bool = False,
) -> list[Path]:
    """Write label maps in any format, so that reading with the same ``fill`` gives exactly the same.

    Args:
        path: a file or, for formats with one file for each picture, also a folder.
        labels: names of pictures and their label maps, in memory or one at a time.
        part_set: the parts of the label maps.
        format_name: a name in the catalogue.
        style: bitmaps, or polygons along the edges of pixels, where the format has both.
        fill: what need not be written, because readers fill it in.
        draft: they are what a network says; see :class:`~partly.data.label_formats.cutting.Writing`.

    Returns:
        The files written, those with labels first.

    Raises:
        BadLabel: nothing to write, label maps that do not fit the parts, unusable names, or files in the way.
        BadOption: there is no format with this name.
    """
    label_format = format_named(format_name)
    checked = checked_labels(labels, part_set)
    return label_format.write(Path(path), checked, Writing(part_set, style, fill, draft))


def _format_in(folder: FilesOfLabels) -> LabelFormat:
    """The format of the label files in a folder.

    PNG comes last: pictures, which may be PNG, lie beside label files of all other formats.
    """
    found: dict[str, LabelFile] = {}
    candidates = [file for suffix in (".json", ".xml", ".txt") for file in folder.visible(suffix)]
    for file in candidates:
        if label_format := folder.look(file, _format_of):
            found.setdefault(label_format.name, file)
    if len({FORMATS[name].read for name in found}) > 1:
        raise BadLabel(
            "holds label files of several formats: "
            + ", ".join(f"{FORMATS[name].title} ({file.path.name})" for name, file in found.items()),
            expected="files of one format",
            remedy=f"Give the files themselves, or --format {' or '.join(found)}",
            path=folder.folder,
        )
    if found:
        return FORMATS[next(iter(found))]
    if pngs := folder.visible(".png"):
        return _format_of(pngs[0]) or FORMATS["png"]
    for file in candidates:
        if file.suffix != ".txt" or is_yolo_boxes(file):
            raise _unknown(file)
    raise folder.none("label files", ", ".join(known.title for known in FORMATS.values()))


def _format_of_given(file: LabelFile) -> LabelFormat:
    """The format of a file that was given itself.

    Raises:
        BadLabel: it is missing, cannot be read, or is of no known format.
    """
    if not file.path.exists():
        raise BadLabel("no such file or folder", expected="a label file", path=file.path)
    if found := _format_of(file):
        return found
    raise _unknown(file)


def _format_of(file: LabelFile) -> LabelFormat | None:
    """The format of one file; None where it is of none.

    Raises:
        BadLabel: it cannot be read.
    """
    known = (one for one in FORMATS.values() if file.suffix == one.suffix)
    return next((one for one in known if one.recognises(file)), None)


def _recognises_like(taken: LabelFormat) -> Callable[[LabelFile], bool]:
    """Whether a file is of a format, or of another that is read in the same way."""
    alike = [one for one in FORMATS.values() if one.read is taken.read]
    if taken.suffix == ".png":
        return _is_any  # pictures say nothing of what they mean; the reader says what is wrong with one
    return lambda file: any(one.recognises(file) for one in alike)


def _unknown(file: LabelFile) -> BadLabel:
    """The error of a file of no known format."""
    if file.suffix == ".txt" and is_yolo_boxes(file):
        return boxes_refused(file.path)
    remedy = remedy_for_json(file.json()) if file.suffix == ".json" else None
    if file.suffix != ".json":
        remedy = remedy_for_xml(file.xml().tag if file.suffix == ".xml" else "")
    return BadLabel(
        "is of no known label format",
        expected=", ".join(f"{known.title} ({known.suffix})" for known in FORMATS.values()),
        remedy=remedy,
        path=file.path,
    )


def _tell_of_others(
    folder: FilesOfLabels, taken: LabelFormat, read: Iterable[NamedLabelMap], tell: Tell
) -> None:
    """Tell of files in a folder that may hold labels too, and were passed over for those of one format."""
    strangers = [
        file.path
        for suffix in {".json", ".xml"} - {taken.suffix}
        for file in folder.visible(suffix)
        if not taken.belongs(file.path)
    ]
    others = [(sorted(strangers), "without labels")]
    if taken.suffix != ".png":
        stems = {PurePosixPath(named.image_name).stem for named in read}
        pngs = [file.path for file in folder.visible(".png") if file.path.stem not in stems]
        maps = [path for path in pngs if has_ids(path)]
        others.append((maps, f"beside {taken.title} (to read them as label maps, give --format png)"))
    for files, told in others:
        if files:
            tell(f"{folder.folder}: {counted(len(files), 'file')} {told} passed over: {folder.shown(files)}")
