"""What a network says, as files of a labelling program: first drafts for people to correct."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from partly.data.label_formats import LabelFormat, LabelMaps, ObjectMap, format_named, write_labels
from partly.data.labels import LabelMap, PartSet, read_label_map
from partly.inference.segment.object_kinds import read_object_map


@dataclass(frozen=True)
class SegmentedPhoto:
    """A photo whose label map is written.

    Attributes:
        photo: its name.
        output_name: of its results, a relative POSIX path without suffix.
        label_map: the file.
        object_map: the file, where objects were looked for.
    """

    photo: str
    output_name: str
    label_map: Path
    object_map: Path | None = None


def drafts_need_objects(draft_format: str | None, *, looks_for_objects: bool) -> bool:
    """Whether drafts tell objects apart, and so are made from object maps beside the label maps."""
    return draft_format is not None and looks_for_objects


def write_drafts(
    folder: Path, format_name: str, photos: Sequence[SegmentedPhoto], part_set: PartSet
) -> list[Path]:
    """Write the label maps in a folder of results as drafts in a label format, from their files.

    A format with one file for all photos gets ``FORMAT.json`` (or ``.xml``) in the folder, which is written
    anew; others get a folder ``FORMAT``, in which files that are there are kept, since people correct them
    there. A photo that shows nothing but background has no shape. Where objects were looked for, the parts of
    each object are shapes of their own.

    Args:
        folder: of the results.
        format_name: see :data:`partly.data.label_formats.FORMATS`.
        photos: all that were segmented, now or before.
        part_set: what the ids of label maps mean.

    Returns:
        The files written.

    Raises:
        BadLabel: a label map or a table of classes or colours that is there does not fit the part set.
    """
    label_format = format_named(format_name)
    if not label_format.one_file_each:
        path = folder / f"{format_name}{label_format.suffix}"
        return (
            _write(path, [photo.photo for photo in photos], photos, part_set, label_format) if photos else []
        )
    place = folder / format_name
    if not label_format.names_picture:
        wanted = [photo for photo in photos if not _draft(place, photo, label_format).exists()]
        names = [f"{photo.output_name}.png" for photo in wanted]
        return _write(place, names, wanted, part_set, label_format) if wanted else []
    written: list[Path] = []
    for photo in photos:
        draft = _draft(place, photo, label_format)
        if not draft.exists():
            name = PurePosixPath(photo.photo).name
            written += _write(draft, [name], [photo], part_set, label_format)
    return written


def _draft(place: Path, photo: SegmentedPhoto, label_format: LabelFormat) -> Path:
    return place / label_format.inner_folder / f"{photo.output_name}{label_format.suffix}"


def _write(
    path: Path,
    names: Sequence[str],
    photos: Sequence[SegmentedPhoto],
    part_set: PartSet,
    label_format: LabelFormat,
) -> list[Path]:
    def load(i: int) -> LabelMap:
        return read_label_map(photos[i].label_map, part_set)

    def load_objects(i: int) -> ObjectMap:
        path = photos[i].object_map
        if path is None:
            raise ValueError("a photo without an object map among photos with one")
        return read_object_map(path)

    with_objects = photos[0].object_map is not None
    maps = LabelMaps(names, load, load_objects if with_objects else None)
    return write_labels(path, maps, part_set, format_name=label_format.name, draft=True)
