"""Label files of other programs, and the annotations that ship with Partly, as annotations of a project."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from partly.data.label_formats import Fill, NamedLabelMap, read_labels
from partly.data.labels import (
    SHIPPED_SETS,
    UNLABELLED,
    Annotation,
    LabelMap,
    Tell,
    annotation_ids,
    check_label_map,
    is_same_picture,
    load_annotation,
    save_annotation,
    shipped_annotations,
    shipped_set,
    tell_nobody,
)
from partly.data.photos import PhotoSource, overlay, resize_pixels, write_jpeg
from partly.errors import BadLabel, listed
from partly.project.label_targets import at_painted_size
from partly.project.picture_targets import Target, TargetFinder, target_finder
from partly.project.project_folder import Project
from partly.project.proposed_pictures import (
    ProposedPicture,
    keep_photo,
    keep_picture,
    painted_shape,
)

_OVERLAY_OPACITY = 0.55


@dataclass(frozen=True)
class LabelledFile:
    """One label map that became an annotation.

    Attributes:
        annotation: what is kept.
        overlay: a picture to look at.
        was_there: the very same annotation was there already.
        scaled_from: height and width of the label map that was given, where a photo is painted on at another
            size; None where it is the same.
    """

    annotation: Annotation
    overlay: Path
    was_there: bool
    scaled_from: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class _Given:
    """A label map that was given.

    Attributes:
        path: the file that it is in.
        target: what it is of.
        label_map: at the size that is painted on.
        shape: height and width of the label map that was given.
    """

    path: Path
    target: ProposedPicture | PhotoSource
    label_map: LabelMap
    shape: tuple[int, int]

    @property
    def name(self) -> str:
        """What its picture is called."""
        return self.target.id if isinstance(self.target, ProposedPicture) else self.target.name

    def picture(self, project: Project) -> ProposedPicture:
        """Its picture, with files of its own in the project."""
        if isinstance(self.target, ProposedPicture):
            return self.target
        return keep_photo(project, self.target)


def import_labels(
    project: Project,
    paths: Sequence[Path],
    *,
    picture_id: str | None = None,
    format_name: str | None = None,
    fill: Fill = "background",
    replace: bool = False,
    tell: Tell = tell_nobody,
) -> list[LabelledFile]:
    """Label files to annotations of the project's pictures; all are checked before the first is kept.

    In a project with photos they may be of these. A label map of a photo may have another size than the
    photo, if its aspect ratio is the same.

    Args:
        project: whose pictures were labelled.
        paths: label files, or folders of them.
        picture_id: the picture or photo that the only label map belongs to; None: by the names in the files.
        format_name: see :func:`partly.data.label_formats.read_labels`.
        fill: what pixels are that no shape covers.
        replace: take the place of other annotations of the same pictures.
        tell: is told, a sentence each without its full stop, of what was passed over, guessed or understood
            in another way than it may have been meant.

    Raises:
        BadLabel: a file cannot be used, a label map has another size than its picture, two belong to one
            picture, or a picture is unknown.
        BadPhoto: a photo cannot be read.
        BadProject: the photos are not where they should be.
    """
    finder = target_finder(project, picture_id, tell)
    named: list[NamedLabelMap] = []
    for path in paths:
        named += read_labels(
            path, project.part_set, format_name=format_name, fill=fill, size_of=finder.size_of, tell=tell
        )
        if picture_id is not None and (len(named) != 1 or len(paths) != 1):
            raise BadLabel(
                f"has {len(named)} label maps" if len(paths) == 1 else f"is one of {len(paths)} label files",
                expected="one label map, since one picture is named",
                path=path,
            )
    found = _given(project, finder, named)
    pictures = [(given.picture(project), given) for given in found.values()]
    annotations = [picture.annotation(given.label_map) for picture, given in pictures]
    _check_free(project, annotations, replace)
    kept = []
    for (picture, given), annotation in zip(pictures, annotations, strict=True):
        one = keep_annotation(project, annotation, picture.pixels, replace=replace)
        scaled_from = None if given.shape == annotation.label_map.shape else given.shape
        kept.append(dataclasses.replace(one, scaled_from=scaled_from))
        _tell_of_one_part(project, given, tell)
    return kept


def _given(project: Project, finder: TargetFinder, named: Sequence[NamedLabelMap]) -> dict[str, _Given]:
    """Label maps by what they are of, each at the size that is painted on.

    Raises:
        BadLabel: of names that nothing has, of two label maps of one picture, or of another size.
    """
    n_in_file = Counter(one.path for one in named)
    found: dict[str, _Given] = {}
    unknown: list[NamedLabelMap] = []
    for one in named:
        path = one.path or Path(one.image_name)
        target = finder.find(one.image_name, path, is_alone=n_in_file[one.path] == 1)
        if target is None:
            unknown.append(one)
            continue
        try:
            given = _fitted(project, target, one.label_map, path)
        except BadLabel as error:
            if n_in_file[one.path] == 1:
                raise
            found_there = f"of {one.image_name!r}: {error.found}"
            raise BadLabel(found_there, expected=error.expected, remedy=error.remedy, path=path) from error
        if given.name in found:
            raise BadLabel(
                f"has a second label map of picture {given.name}",
                expected=f"one; the first is in {found[given.name].path}",
                remedy="Leave one of them out",
                path=path,
            )
        found[given.name] = given
    if unknown:
        raise _unknown(finder, unknown, is_only=len(named) == 1)
    return found


def _unknown(finder: TargetFinder, unknown: Sequence[NamedLabelMap], *, is_only: bool) -> BadLabel:
    """The error of label maps of nothing that is in the project, with the files that they are in."""
    files = list(dict.fromkeys(str(one.path) for one in unknown))
    names = [finder.chosen or one.image_name for one in unknown]
    remedy = None
    if len(files) > 1:
        remedy = f"Rename them in the label files, or leave these out: {listed(files)}"
    elif not is_only:
        it = "it" if len(names) == 1 else "them"
        remedy = f"Rename {it} in the label file, or take {it} out"
    return finder.targets.unknown(names, remedy, unknown[0].path)


def _fitted(project: Project, target: Target, label_map: LabelMap, path: Path) -> _Given:
    """A label map at the size that its picture or photo is painted on.

    Raises:
        BadLabel: it has another size than a picture, or another aspect ratio than a photo.
    """
    if not project.settings.photos.folder and isinstance(target, ProposedPicture):
        check_label_map(label_map, project.part_set, size=target.shape, path=path)
        return _Given(path, target, label_map, target.shape)
    shape = target.shape if isinstance(target, ProposedPicture) else painted_shape(target)
    shown = target.id if isinstance(target, ProposedPicture) else target.name
    given = _Given(path, target, at_painted_size(label_map, shape, shown, path), label_map.shape)
    check_label_map(given.label_map, project.part_set, path=path)
    return given


def _tell_of_one_part(project: Project, given: _Given, tell: Tell) -> None:
    """Tell of a label map with one part only: mostly a mask of 0 and 255, which is no label map."""
    ids = np.unique(given.label_map).tolist()
    labelled = [i for i in ids if i != UNLABELLED]
    if len(labelled) > 1:
        return
    text = f"{given.path}: nothing but {project.part_set.names[labelled[0]]} is labelled in {given.name}"
    if ids == [0, UNLABELLED]:
        text += f"; {UNLABELLED} means unlabelled: in a mask of 0 and {UNLABELLED}, give the part its own id"
    tell(text)


def keep_annotation(
    project: Project, annotation: Annotation, pixels: np.ndarray, *, replace: bool = False
) -> LabelledFile:
    """Write an annotation and its overlay.

    Raises:
        BadLabel: another annotation of that id is there.
    """
    was_there = _is_there(project, annotation)
    if not was_there:
        save_annotation(project.annotations, annotation, project.part_set, overwrite=replace)
    return LabelledFile(annotation, write_overlay(project, annotation, pixels), was_there)


def write_overlay(project: Project, annotation: Annotation, pixels: np.ndarray) -> Path:
    """Write a picture with the colours of its annotation laid over it; returns where."""
    path = overlay_path(project, annotation.id)
    height, width = annotation.label_map.shape
    picture = resize_pixels(pixels, width, height)
    colours = project.part_set.colours
    write_jpeg(path, overlay(picture, annotation.label_map, colours, _OVERLAY_OPACITY, outline_px=2))
    return path


def overlay_path(project: Project, annotation_id: str) -> Path:
    """Where the overlay of an annotation is, or would be."""
    return project.annotations / "overlays" / f"{annotation_id}.jpg"


def import_shipped(project: Project, ids: Sequence[str] = (), *, replace: bool = False) -> list[LabelledFile]:
    """Take annotations that ship with Partly into a project whose generator is theirs.

    Args:
        project: which takes them.
        ids: which of them; none names all of the generator's set, or of the faces if it has none.
        replace: take the place of other annotations of these ids.

    Raises:
        NotAvailable: the generator is not on this machine.
        BadLabel: an unknown id, another generator, other parts, or other annotations of these ids.
    """
    from partly.project.project_generator import load_project_generator

    generator = load_project_generator(project)
    if ids:
        annotations = shipped_annotations(ids, project.part_set)
    else:
        sets = {owner: name for name, owner in SHIPPED_SETS.items()}
        annotations = shipped_set(sets.get(project.settings.generator, "faces"), project.part_set)
    _check_free(project, annotations, replace)
    kept = []
    for annotation in annotations:
        if annotation.w is None or annotation.generator_digest != generator.digest:
            raise BadLabel(
                f"annotation {annotation.id!r} belongs to generator {str(annotation.generator_digest)[:12]}…",
                expected=f"{generator.digest[:12]}…, the generator of the project",
                remedy=f"Use them in a project of their generator: {', '.join(SHIPPED_SETS.values())}",
            )
        pixels = keep_picture(project, generator, annotation.id, annotation.w).pixels
        kept.append(keep_annotation(project, annotation, pixels, replace=replace))
    return kept


def _check_free(project: Project, annotations: Sequence[Annotation], replace: bool) -> None:
    taken = annotation_ids(project.annotations)
    others = [a.id for a in annotations if a.id in taken and not _is_there(project, a)]
    if others and not replace:
        raise BadLabel(
            f"there are other annotations of {', '.join(others)} already",
            expected="pictures without one",
            remedy="Give --replace to put the new ones in their place",
            path=project.annotations,
        )


def _is_there(project: Project, annotation: Annotation) -> bool:
    if annotation.id not in annotation_ids(project.annotations):
        return False
    try:
        known = load_annotation(project.annotations, annotation.id, project.part_set)
    except BadLabel:
        return False
    return (
        np.array_equal(known.label_map, annotation.label_map)
        and known.generator_digest == annotation.generator_digest
        and is_same_picture(known, annotation)
    )
