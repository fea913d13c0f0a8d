"""The part set of a session: its history, and the project file that follows it."""

from __future__ import annotations

from dataclasses import replace

from partly.annotations.part_changes import PartChange, Table
from partly.annotations.part_history import PartHistory
from partly.project import Project, open_project
from partly.project.settings import read_settings, write_settings
from partly.studio.session.studio_paths import StudioPaths


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

    def _write(self) -> None:
        """Give the project the last part set; what else somebody wrote there by hand stays."""
        folder, part_set = self.project.folder, self.history.part_set
        settings = read_settings(folder)
        if settings.part_set != part_set:
            write_settings(folder, replace(settings, part_set=part_set))
        self.history.note_saved()
        self.project = open_project(folder)
