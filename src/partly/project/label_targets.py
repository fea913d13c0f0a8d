"""Which photo of a project a label file is of, and its label map at the size that is painted on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from partly.data.labels import LabelMap, annotation_id_from, resize_label_map
from partly.data.photos import PhotoSource, PhotoSources, bare_name, file_name
from partly.errors import BadLabel, listed
from partly.project.photos_of_project import project_photos
from partly.project.project_folder import Project
from partly.project.proposed_pictures import ProposedPicture, find_picture, picture_ids

_SHOWN = 3


@dataclass(frozen=True)
class PhotoTargets:
    """The photos of a project by the names that label files give them.

    Attributes:
        project: whose photos.
        photos: all of them.
    """

    project: Project
    photos: PhotoSources = field(repr=False)

    @classmethod
    def of(cls, project: Project) -> PhotoTargets:
        """Those of a project.

        Raises:
            BadProject: its photos are not there.
        """
        return cls(project, project_photos(project))

    @cached_property
    def names(self) -> Sequence[str]:
        """What photos and pictures are called, without folder and suffix."""
        return [*self._by_stem, *self._picture_ids]

    def get(self, name: str, path: Path | None = None) -> PhotoSource | ProposedPicture | None:
        """The photo that a label file is of; None if there is none.

        Args:
            name: its path within the folder of photos, with or without suffix; or its file's name alone,
                where only one photo has it; or that of one of the project's pictures.
            path: of the label file, for errors.

        Raises:
            BadLabel: there are several.
        """
        stem = PurePosixPath(bare_name(name)).name
        for photos, key in (
            (self._by_name, name),
            (self._first_by_file, name),
            (self._by_bare_name, str(PurePosixPath(name).with_suffix(""))),
            (self._by_bare_name, bare_name(name)),
            (self._by_stem, PurePosixPath(name).stem),
            (self._by_stem, stem),
        ):
            if found := photos.get(key):
                return self._only(found, name, path)
        for picture in (name, PurePosixPath(name).stem, stem):
            if picture in self._picture_ids:
                return find_picture(self.project, picture)
        found = self._by_id.get(PurePosixPath(name).stem) or self._by_id.get(stem)
        return self._only(found, name, path) if found else None

    def size(self, target: PhotoSource | ProposedPicture) -> tuple[int, int]:
        """Height and width of a photo, upright, or of a generated picture.

        Raises:
            BadPhoto: it cannot be read.
        """
        if isinstance(target, ProposedPicture):
            photos = self._by_name.get(target.photo or "")
            if not photos:
                return target.shape
            target = photos[0]
        height, width, _ = target.read().pixels.shape
        return height, width

    def unknown(self, names: Sequence[str], remedy: str | None, path: Path | None) -> BadLabel:
        """The error of names that no photo has."""
        found = "there is no photo" if len(names) == 1 else "there are no photos"
        return BadLabel(
            f"{found} {listed(map(repr, names))} in {self._folder}",
            expected=f"the name of a photo: {self._shown(self.photos)}",
            remedy=remedy or "Name the photo with --picture",
            path=path,
        )

    @property
    def _folder(self) -> Path | None:
        folder = self.project.photo_folder
        return None if folder is None else folder.resolve()

    @cached_property
    def _picture_ids(self) -> Sequence[str]:
        return picture_ids(self.project)

    @cached_property
    def _by_name(self) -> dict[str, list[PhotoSource]]:
        return _grouped((photo.name, photo) for photo in self.photos)

    @cached_property
    def _first_by_file(self) -> dict[str, list[PhotoSource]]:
        """Of files with several photos, the one that other programs show, by the file's name."""
        return _grouped(
            (file_name(photo.name), photo)
            for photo in self.photos
            if photo.stack is not None and photo.page == photo.stack.pages.first
        )

    @cached_property
    def _by_bare_name(self) -> dict[str, list[PhotoSource]]:
        return _grouped((bare_name(photo.name), photo) for photo in self.photos)

    @cached_property
    def _by_stem(self) -> dict[str, list[PhotoSource]]:
        return _grouped((PurePosixPath(bare_name(photo.name)).name, photo) for photo in self.photos)

    @cached_property
    def _by_id(self) -> dict[str, list[PhotoSource]]:
        return _grouped((annotation_id_from(bare_name(photo.name)), photo) for photo in self.photos)

    def _only(self, found: list[PhotoSource], name: str, path: Path | None) -> PhotoSource:
        if len(found) == 1:
            return found[0]
        raise BadLabel(
            f"{len(found)} photos are called {name!r}: {self._shown(found)}",
            expected="the name of one photo, with its folder and suffix",
            remedy="Name the photo with --picture",
            path=path,
        )

    @staticmethod
    def _shown(photos: Iterable[PhotoSource]) -> str:
        names = [photo.name for photo in photos]
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        return ", ".join(names[:_SHOWN]) + more


def _grouped(pairs: Iterable[tuple[str, PhotoSource]]) -> dict[str, list[PhotoSource]]:
    groups: dict[str, list[PhotoSource]] = defaultdict(list)
    for key, photo in pairs:
        groups[key].append(photo)
    return groups


def at_painted_size(
    label_map: LabelMap, shape: tuple[int, int], name: str, path: Path | None = None
) -> LabelMap:
    """A photo's label map at the height and width that are painted on.

    Args:
        label_map: uint8 ``[h, w]`` of any size; of the photo's aspect ratio, within a pixel.
        shape: height and width that are painted on.
        name: of the photo, for errors.
        path: of the label file, for errors.

    Raises:
        BadLabel: it has another aspect ratio.
    """
    if label_map.shape == shape:
        return label_map
    (height, width), (painted_height, painted_width) = label_map.shape, shape
    if (
        abs(height - painted_height * width / painted_width) > 1
        and abs(width - painted_width * height / painted_height) > 1
    ):
        raise BadLabel(
            f"the label map is {width} x {height} px, of another shape than the photo {name} with "
            f"{painted_width} x {painted_height} px",
            expected="the photo's size, or one of the same aspect ratio",
            remedy="Label the whole photo, upright, as programs show it",
            path=path,
        )
    return resize_label_map(label_map, shape)
