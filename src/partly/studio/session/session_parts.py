"""The part set of a session: its history, the project file that follows it, and changes to all of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from partly.data.labels import PartChange, PartHistory, Table
from partly.project import Project, open_project, read_settings, write_settings
from partly.studio.session.studio_paths import StudioPaths

if TYPE_CHECKING:
    from partly.studio.session.annotation_saver import AnnotationSaver
    from partly.studio.session.live_follower import LiveFollower
    from partly.studio.session.workspace import Workspace


class Parts:
    """The part set as it is now, on disk both in its history and in ``project.toml``.

    Attributes:
        history: all versions.
        project: the project with the part set as it is now.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.history = PartHistory.open(StudioPaths.of(project).parts, project.part_set)
        self._write()

    def change(self, change: PartChange) -> Table:
        """Change the part set; it is on the disk when this returns. Gives the new id of each old one.

        Raises:
            BadLabel: the change cannot be.
            BadProject: ``project.toml`` was damaged meanwhile.
        """
        # Read first: with a damaged file nothing must have changed.
        read_settings(self.project.folder)
        table = self.history.apply(change)
        self._write()
        return table

    def to_json(self) -> list[dict[str, Any]]:
        """The parts, in order of their ids, as plain JSON values."""
        parts = self.history.part_set.parts
        return [{"name": part.name, "colour": list(part.colour), "mirror": part.mirror} for part in parts]

    def _write(self) -> None:
        """Give the project the last part set; what else somebody wrote there by hand stays."""
        folder, part_set = self.project.folder, self.history.part_set
        settings = read_settings(folder)
        if settings.part_set != part_set:
            write_settings(folder, replace(settings, part_set=part_set))
        self.history.note_saved()
        self.project = open_project(folder)


class PartEditor:
    """Changes the part set of a session; all that was painted follows."""

    def __init__(self, workspace: Workspace, saver: AnnotationSaver, follower: LiveFollower) -> None:
        self._workspace, self._saver, self._follower = workspace, saver, follower

    @property
    def version(self) -> int:
        """Number of the part set as it is now."""
        return self._workspace.parts.history.version

    def change(self, change: PartChange) -> tuple[list[dict[str, Any]], int, Table]:
        """Change the part set.

        Returns:
            The parts as plain JSON values, their version, and what becomes of the old ids, uint8 [256].

        Raises:
            BadLabel: the change cannot be.
            BadProject: ``project.toml`` is damaged.
        """
        with self._workspace.lock:
            table = self._workspace.parts.change(change)
            for annotation_id in self._workspace.label_maps.parts_changed():
                self._saver.note(annotation_id, wait_s=0.0)
            parts, version = self._workspace.parts.to_json(), self.version
        self._workspace.events.send("parts", {"parts_version": version})
        self._follower.ask()
        return parts, version, table
