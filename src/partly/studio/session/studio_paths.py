"""Where the studio keeps its own things in a project's folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from partly.project import Project


@dataclass(frozen=True)
class StudioPaths:
    """Paths of what the studio keeps besides the project itself.

    Attributes:
        folder: the project's.
    """

    folder: Path

    @classmethod
    def of(cls, project: Project) -> StudioPaths:
        """Those of a project."""
        return cls(project.folder)

    @property
    def studio(self) -> Path:
        """All but the journals; one studio at a time writes here."""
        return self.folder / "studio"

    @property
    def parts(self) -> Path:
        """The history of the part set."""
        return self.studio / "parts.jsonl"

    @property
    def tray(self) -> Path:
        """What was chosen about pictures."""
        return self.studio / "pictures.json"

    @property
    def wall(self) -> Path:
        """Small pictures of the wall, which take seconds to make."""
        return self.studio / "wall"

    @property
    def backups(self) -> Path:
        """Copies of annotations while they are rewritten; the name is that of earlier versions."""
        return self.studio / "asides"

    @property
    def jobs(self) -> Path:
        """Records and logs of jobs."""
        return self.studio / "jobs"

    @property
    def address(self) -> Path:
        """On which port the studio was last: what a browser keeps belongs to it."""
        return self.studio / "address.json"

    @property
    def photos(self) -> Path:
        """Photos that were added to the project."""
        return self.folder / "photos"

    @property
    def segmented(self) -> Path:
        """What becomes of them."""
        return self.folder / "segmented"

    def journal(self, picture_id: str) -> Path:
        """The stroke journal of a picture."""
        return self.folder / "annotations" / "strokes" / f"{picture_id}.jsonl"


def last_part(file_name: str) -> PurePosixPath:
    """The last part of a file's name as a page tells it, whatever system it comes from."""
    return PurePosixPath(PurePosixPath(file_name.replace("\\", "/")).name)


def changed_at(path: Path) -> int:
    """When a file or folder was changed last, in nanoseconds; 0: there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
