"""Which picture or photo of a project a label file is of, whatever it calls it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Protocol

from partly.data.labels import Tell
from partly.data.photos import PhotoSource
from partly.errors import BadLabel, listed
from partly.project.decorated_names import names_inside, plain_names
from partly.project.label_targets import PhotoTargets
from partly.project.project_folder import Project
from partly.project.proposed_pictures import ProposedPicture, find_picture, picture_ids

Target = ProposedPicture | PhotoSource


class Targets(Protocol):
    """The pictures or photos of a project."""

    @property
    def names(self) -> Sequence[str]:
        """What they are called, without suffix."""

    def get(self, name: str, path: Path | None = None) -> Target | None:
        """The one with this name, None if there is none; BadLabel if there are several."""

    def size(self, target: Target) -> tuple[int, int]:
        """Height and width of one, as labelling programs show it."""

    def unknown(self, names: Sequence[str], remedy: str | None, path: Path | None) -> BadLabel:
        """The error of names that nothing has; the usual remedy is to name the picture."""


@dataclass(frozen=True)
class PictureTargets:
    """The generated pictures of a project.

    Attributes:
        project: whose pictures.
    """

    project: Project

    @cached_property
    def names(self) -> Sequence[str]:
        """Their ids."""
        return picture_ids(self.project)

    def get(self, name: str, path: Path | None = None) -> ProposedPicture | None:
        """The picture whose id this is, folders and suffix left aside; None if there is none."""
        del path
        found = next((one for one in (name, PurePosixPath(name).stem) if one in self.names), None)
        return None if found is None else find_picture(self.project, found)

    def size(self, target: Target) -> tuple[int, int]:
        """Height and width."""
        if isinstance(target, PhotoSource):
            raise TypeError("a photo in a project of pictures")
        return target.shape

    def unknown(self, names: Sequence[str], remedy: str | None, path: Path | None) -> BadLabel:
        """The error of names that no picture has; the known ones are listed."""
        stems = listed(repr(PurePosixPath(name).stem) for name in names)
        if not self.names:
            expected, remedy = (
                "a picture that partly pictures wrote",
                f"Run: partly pictures {self.project.folder}",
            )
        else:
            expected = f"one of {listed(self.names)}"
        found = "there is no picture" if len(names) == 1 else "there are no pictures"
        return BadLabel(
            f"{found} {stems} in the project",
            expected=expected,
            remedy=remedy or "Name the picture with --picture",
            path=path,
        )


@dataclass(frozen=True)
class TargetFinder:
    """Finds what label files are of.

    Attributes:
        targets: the pictures or photos.
        chosen: the name that the user gives to the only label map; None: names in the files count.
        tell: is told where a name had to be interpreted.
    """

    targets: Targets
    chosen: str | None
    tell: Tell

    def size_of(self, name: str, path: Path) -> tuple[int, int] | None:
        """Height and width of the picture that a label file calls so; None if there is none."""
        found = self._found(name, path, is_alone=True)
        return None if found is None else self.targets.size(found[1])

    def find(self, name: str, path: Path, *, is_alone: bool) -> Target | None:
        """The picture or photo that a label file is of; None if there is none.

        Tried are the name itself; without what programs are known to put before and behind it; the only known
        name that it contains; and the label file's own. A name that the user gives is tried alone.

        Args:
            name: as the label file gives it.
            path: the label file.
            is_alone: it holds one label map, so that its own name may be the picture's.

        Raises:
            BadLabel: the name is that of several.
        """
        found = self._found(name, path, is_alone=is_alone)
        if found is None:
            return None
        known_as, target = found
        if known_as not in (name, self.chosen):
            shown = target.id if isinstance(target, ProposedPicture) else target.name
            self.tell(f"{path}: its labels of {name!r} were taken for those of {shown!r}")
        return target

    def _found(self, name: str, path: Path, *, is_alone: bool) -> tuple[str, Target] | None:
        names = self._names(name, path, is_alone) if self.chosen is None else [self.chosen]
        for one in names:
            if target := self.targets.get(one, path):
                return one, target
        return None

    def _names(self, name: str, path: Path, is_alone: bool) -> Iterator[str]:
        """What the picture may be called; known names are looked through only where a plain one fails."""
        yield from plain_names(name)
        inside = names_inside(name, self.targets.names)
        if len(inside) == 1:
            yield inside[0]
        if is_alone:
            yield _name_of(path)


def _name_of(path: Path) -> str:
    # A zip from Windows, unpacked elsewhere, may leave folders in names of files.
    return path.stem.replace("\\", "/")


def target_finder(project: Project, chosen: str | None, tell: Tell) -> TargetFinder:
    """Finds what label files are of in a project of pictures, or of photos.

    Raises:
        BadProject: the photos are not where they should be.
    """
    has_photos = bool(project.settings.photos.folder)
    targets: Targets = PhotoTargets.of(project) if has_photos else PictureTargets(project)
    return TargetFinder(targets, chosen, tell)
