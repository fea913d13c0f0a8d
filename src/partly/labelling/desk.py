"""What the parts of a session share."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from partly.labelling.events import Events
from partly.labelling.label_maps import LabelMaps
from partly.labelling.parts import Parts
from partly.labelling.places import Places
from partly.labelling.tray import Tray
from partly.labelling.worker import Worker


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
class Desk:
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
    label_maps: LabelMaps
    events: Events
    worker: Worker
    choices: StudioChoices

    @property
    def places(self) -> Places:
        """Where things are kept."""
        return Places.of(self.parts.project)

    def pictures_changed(self) -> None:
        """Tell that there are other pictures, or that something about them is different."""
        self.events.send("pictures", {})

    def problem(self, error: Exception) -> None:
        """Tell what went wrong, where nobody waits for an answer."""
        self.events.send("problem", {"text": str(error) or type(error).__name__})
