"""Label files of other programs, in and out, without a path from anywhere but here."""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from partly.data.label_formats import FILL_IDS, FORMATS, Fill, Style
from partly.data.labels import Tell, annotation_id_from, check_annotation_id, tell_nobody
from partly.errors import BadLabel, BadOption
from partly.project import export_labels, import_labels
from partly.studio.session.annotation_saver import AnnotationSaver
from partly.studio.session.live_follower import LiveFollower
from partly.studio.session.studio_paths import last_part
from partly.studio.session.wall import Wall
from partly.studio.session.workspace import Workspace

MAX_FILE_BYTES = 64 * 1024 * 1024
_STYLES: tuple[Style, ...] = ("mask", "polygon")
_ALIASES = {"palette-png": "png"}
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


class LabelExchange:
    """Takes label files of other programs in, and gives all labels out."""

    def __init__(
        self, workspace: Workspace, saver: AnnotationSaver, follower: LiveFollower, wall: Wall
    ) -> None:
        self._workspace, self._saver, self._follower, self._wall = workspace, saver, follower, wall

    def import_file(
        self,
        data: bytes,
        file_name: str,
        *,
        picture_id: str | None = None,
        format_name: str = "auto",
        fill: str = "background",
        replace: bool = False,
        tell: Tell = tell_nobody,
    ) -> list[str]:
        """Take in a label file, so that it can be undone like a stroke; gives the ids of its pictures.

        Args:
            data: what the file holds.
            file_name: what it is called; of that only the last part matters, which may name the picture.
            picture_id: the picture that its only label map belongs to; None: by names.
            format_name: a label format, or "auto".
            fill: what pixels are that no shape covers.
            replace: take the place of other labels of the same pictures.
            tell: is told of what was passed over, guessed, or understood in another way than was meant.

        Raises:
            BadOption: an unknown format or fill.
            BadLabel: the file cannot be used, or pictures are labelled already; see
                :func:`partly.project.import_labels`.
        """
        name = None if format_name == "auto" else _format(format_name)
        fill_pixels = _fill(fill)
        self._saver.flush()
        workspace = self._workspace
        # Annotations are written, and half of one must not be read.
        with workspace.lock:
            with _as_file(data, file_name) as path:
                kept = import_labels(
                    workspace.parts.project,
                    [path],
                    picture_id=picture_id,
                    format_name=name,
                    fill=fill_pixels,
                    replace=replace,
                    # Whoever painted knows the file, and not the copy of it.
                    tell=lambda text: tell(text.replace(str(path), path.name)),
                )
            ids = [one.annotation.id for one in kept]
            workspace.tray.look()
            for one in ids:
                if one in workspace.tray:
                    workspace.label_maps.reopen(workspace.tray.picture(one))
        self._follower.ask()
        self._wall.look()
        workspace.pictures_changed()
        return ids

    def export_zip(self, *, format_name: str, style: str = "mask", fill: str = "background") -> bytes:
        """All labels as files of another program, in one zip.

        Raises:
            BadOption: an unknown format, style or fill.
            BadProject: nothing is labelled yet.
        """
        name = _format(format_name)
        if style not in _STYLES:
            raise BadOption(f"the style is {style!r}", expected=f"one of {', '.join(_STYLES)}")
        self._saver.flush()
        label_format = FORMATS[name]
        with tempfile.TemporaryDirectory(prefix="partly-") as text:
            folder = Path(text)
            one_file_each = label_format.one_file_each
            target = folder / "labels" if one_file_each else folder / f"labels{label_format.suffix}"
            if one_file_each:
                target.mkdir()
            project = self._workspace.parts.project
            files = export_labels(project, target, format_name=name, style=style, fill=_fill(fill))
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
                for file in files:
                    archive.write(file, file.relative_to(folder).as_posix())
        return buffer.getvalue()


@contextmanager
def _as_file(data: bytes, file_name: str) -> Iterator[Path]:
    """A label file on disk, under a name that is safe; what is told of it is told of the name alone."""
    with tempfile.TemporaryDirectory(prefix="partly-") as folder:
        # Deep enough that no table of classes or colours of somebody else lies above it.
        inner = Path(folder, "of", "one", "file")
        inner.mkdir(parents=True)
        path = inner / _safe_name(file_name)
        path.write_bytes(data)
        try:
            yield path
        except BadLabel as error:
            if error.path != path:
                raise
            raise BadLabel(
                error.found, expected=error.expected, remedy=error.remedy, path=path.name
            ) from error


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
    path = last_part(file_name)
    suffix = _SUFFIX.match(path.suffix.lower())
    return _safe_stem(path.stem) + (suffix[0] if suffix else ".json")


def _safe_stem(stem: str) -> str:
    try:
        check_annotation_id(stem)
    except BadLabel:
        return annotation_id_from(stem)
    return stem
