"""What the parts of a session share: the project, its pictures and labels, a lock, events and a worker."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from partly.errors import PartlyError
from partly.machine import MachineOptions
from partly.project import ProposedPicture
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
        measure_after_s: how long nobody must have painted before it is measured how good the labels are: a
            stroke may then have to wait for a second.
    """

    n_wall: int = 24
    n_proposals: int = 8
    n_candidates: int = 200
    measure_after_s: float = 2.0


def check_machine(options: MachineOptions) -> None:
    """Refuse a device that is not there before anything is opened; what is found out is not even looked for.

    Raises:
        BadOption: it is not there, or has not got the precision that is asked for.
    """
    if options != MachineOptions():
        # It imports torch, for which nobody waits who asks for nothing.
        from partly.machine import Machine

        Machine.for_inference(options)


@dataclass(frozen=True, eq=False)
class Workspace:
    """What all parts of a session work on.

    Attributes:
        lock: held around parts, tray and label maps.
        parts: the part set, and the project.
        tray: the pictures.
        label_maps: what is painted on them.
        events: who is told what happens.
        worker: the thread that does what takes long.
        choices: how much is looked at.
        machine: where features are made and segmenters fitted, as it was asked for; jobs too.
        problems: why the labels of a picture cannot be read, by its id.
    """

    lock: threading.RLock
    parts: Parts
    tray: Tray
    label_maps: LabelMapStore
    events: Events
    worker: Worker
    choices: StudioChoices
    machine: MachineOptions = field(default_factory=MachineOptions)
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def paths(self) -> StudioPaths:
        """Where things are kept."""
        return StudioPaths.of(self.parts.project)

    def picture(self, picture_id: str) -> ProposedPicture:
        """A picture of the tray.

        Raises:
            NotFound: there is none.
        """
        with self.lock:
            return self.tray.picture(picture_id)

    def read_labels(self) -> None:
        """Take in the labels that are there; what a kill kept from its annotation comes back."""
        pictures = [self.tray.picture(picture_id) for picture_id in self.tray.ids()]
        problems = self.label_maps.begin(pictures)
        self.problems.update({name: str(error) for name, error in problems.items()})

    def look(self) -> bool:
        """Take in pictures and labels that another command has made meanwhile; whether there were any."""
        with self.lock:
            has_changed = self.tray.look()
            for picture_id in self.tray.ids():
                try:
                    if self.label_maps.look(self.tray.picture(picture_id)):
                        has_changed = True
                        self.problems.pop(picture_id, None)
                except PartlyError as error:
                    self.problems[picture_id] = str(error)
        return has_changed

    def pictures_changed(self) -> None:
        """Tell that there are other pictures, or that something about them is different."""
        self.events.send("pictures", {})

    def problem(self, error: Exception) -> None:
        """Tell what went wrong, where nobody waits for an answer."""
        self.events.send("problem", {"text": str(error) or type(error).__name__})
