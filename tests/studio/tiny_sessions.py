"""Sessions of tiny projects, and ears that hear what they tell."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from partly.data.labels.stroke_states import Patch
from partly.models.generators.generator_protocol import Generator
from partly.models.generators.latent_sampling import sample_w
from partly.project.project_folder import Project
from partly.project.proposed_pictures import ProposedPicture, keep_picture
from partly.studio.session.session_events import Event, Events
from partly.studio.session.workspace import StudioChoices

TINY_STUDIO = StudioChoices(n_wall=2, n_proposals=2, n_candidates=3, measure_after_s=0.0)
WAIT_S = 60.0


class Ears:
    """Remembers all events."""

    def __init__(self, events: Events, tab: str = "ears") -> None:
        self.heard: list[Event] = []
        self._changed = threading.Condition()
        self.leave = events.subscribe(tab, self._hear)

    def _hear(self, event: Event) -> None:
        with self._changed:
            self.heard.append(event)
            self._changed.notify_all()

    def wait(self, name: str, fits: Callable[[Event], bool] = lambda event: True) -> Event:
        """The first event of that name that fits, heard already or still to come."""

        def found() -> list[Event]:
            return [event for event in self.heard if event.name == name and fits(event)]

        with self._changed:
            assert self._changed.wait_for(found, WAIT_S), f"no {name} among {self.heard}"
            return found()[0]

    def forget(self) -> None:
        with self._changed:
            self.heard.clear()

    def data(self, name: str) -> list[dict[str, Any]]:
        return [dict(event.data) for event in self.heard if event.name == name]


def add_picture(
    project: Project, generator: Generator, index: int = 0, name: str | None = None
) -> ProposedPicture:
    """A picture as ``partly pictures`` would write it."""
    w = np.ascontiguousarray(sample_w(generator, 7, index)[0].numpy())
    return keep_picture(project, generator, name or f"p{index}", w)


def stroke(x: int, y: int, width: int, height: int, part: int) -> Patch:
    return Patch(x, y, np.full((height, width), part, np.uint8))


def until(fits: Callable[[], object]) -> None:
    """Wait for something that nobody tells of."""
    deadline = time.monotonic() + WAIT_S
    while not fits():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
