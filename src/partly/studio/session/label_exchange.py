"""Label files of other programs, in and out, without a path from anywhere but here."""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from partly.annotations import annotation_id_from, check_annotation_id
from partly.annotations.formats import FORMATS, Fill, Style
from partly.annotations.formats.painting import FILL_IDS
from partly.errors import BadLabel, BadOption
from partly.project import Project
from partly.project.export import export_labels
from partly.project.labels import LabelledFile, import_labels

MAX_FILE_BYTES = 64 * 1024 * 1024
_STYLES: tuple[Style, ...] = ("mask", "polygon")
_ALIASES = {"palette-png": "png"}
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


def import_file(
    project: Project,
    data: bytes,
    file_name: str,
    *,
    picture_id: str | None,
    format_name: str,
    fill: str,
    replace: bool,
) -> Sequence[LabelledFile]:
    """Take in a label file; its labels become annotations of the project.

    Args:
        project: which takes them.
        data: what the file holds.
        file_name: what it is called; of that only the last part matters, which may name the picture.
        picture_id: the picture that its only label map belongs to; None: by names.
        format_name: a label format, or "auto".
        fill: what pixels are that no shape covers.
        replace: take the place of other labels of the same pictures.

    Raises:
        BadOption: an unknown format or fill.
        BadLabel: the file cannot be used; see :func:`partly.project.labels.import_labels`.
    """
    name = None if format_name == "auto" else _format(format_name)
    with tempfile.TemporaryDirectory(prefix="partly-") as folder:
        path = Path(folder) / _safe_name(file_name)
        path.write_bytes(data)
        try:
            return import_labels(
                project, [path], picture_id=picture_id, format_name=name, fill=_fill(fill), replace=replace
            )
        except BadLabel as error:
            if error.path != path:
                raise
            # The person knows the file, and not the copy of it.
            raise BadLabel(
                error.found, expected=error.expected, remedy=error.remedy, path=path.name
            ) from error


def export_zip(project: Project, *, format_name: str, style: str, fill: str) -> bytes:
    """All labels of the project in one zip.

    Raises:
        BadOption: an unknown format, style or fill.
        BadProject: nothing is labelled yet.
    """
    name = _format(format_name)
    if style not in _STYLES:
        raise BadOption(f"the style is {style!r}", expected=f"one of {', '.join(_STYLES)}")
    label_format = FORMATS[name]
    with tempfile.TemporaryDirectory(prefix="partly-") as text:
        folder = Path(text)
        place = folder / "labels" if label_format.one_file_each else folder / f"labels{label_format.suffix}"
        if label_format.one_file_each:
            place.mkdir()
        files = export_labels(project, place, format_name=name, style=style, fill=_fill(fill))
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, file.relative_to(folder).as_posix())
    return buffer.getvalue()


def _format(name: str) -> str:
    name = _ALIASES.get(name, name)
    if name not in FORMATS:
        raise BadOption(f"there is no label format {name!r}", expected=f"one of {', '.join(FORMATS)}")
    return name


def _fill(name: str) -> Fill:
    for fill in FILL_IDS:
        if fill == name:
            return fill
    raise BadOption(f"the fill is {name!r}", expected=f"one of {', '.join(FILL_IDS)}")


def _safe_name(file_name: str) -> str:
    """The last part of a name, as one that is safe: picture ids stay as they are."""
    path = PurePosixPath(PurePosixPath(file_name.replace("\\", "/")).name)
    suffix = _SUFFIX.match(path.suffix.lower())
    return _safe_stem(path.stem) + (suffix[0] if suffix else ".json")


def _safe_stem(stem: str) -> str:
    try:
        check_annotation_id(stem)
    except BadLabel:
        return annotation_id_from(stem)
    return stem
