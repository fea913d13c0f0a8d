"""What the parts of a session share."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from partly.studio.session.label_map_store import LabelMapStore
from partly.studio.session.session_events import Events
from partly.studio.session.session_parts import Parts
from partly.studio.session.studio_paths import StudioPaths
from partly.studio.session.tray import Tray
from partly.studio.session.worker import Worker


@dataclass(frozen=True)
class StudioChoices:
    """How much a session looks at.

    Attributes:
        n_wall: pictures on the wall.
        n_proposals: pictures proposed at the first start.
        n_candidates: pictures that proposals are chosen among.
    """

    n_wall: int = 24
    n_proposals: int = 8
    n_candidates: int = 200


@dataclass(frozen=True, eq=False)
class Workspace:
    """What lies there for all parts of a session.

    Attributes:
        lock: held around parts, tray and label maps.
        parts: the part set, and the project.
        tray: the pictures.
        label_maps: what is painted on them.
        events: who is told what happens.
        worker: the thread that does what takes long.
        choices: how much is looked at.
    """

    lock: threading.RLock
    parts: Parts
    tray: Tray
    label_maps: LabelMapStore
    events: Events
    worker: Worker
    choices: StudioChoices

    @property
    def places(self) -> StudioPaths:
        """Where things are kept."""
        return StudioPaths.of(self.parts.project)

    def pictures_changed(self) -> None:
        """Tell that there are other pictures, or that something about them is different."""
        self.events.send("pictures", {})

    def problem(self, error: Exception) -> None:
        """Tell what went wrong, where nobody waits for an answer."""
        self.events.send("problem", {"text": str(error) or type(error).__name__})
