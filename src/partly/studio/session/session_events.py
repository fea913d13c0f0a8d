"""What happens in a session, told to all who listen, from whatever thread it happens in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Listener = Callable[["Event"], None]


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes:
        name: what.
        data: plain JSON values.
        subject: which picture or job it is about. Of several events of one name and subject that a listener
            has not taken yet, only the last one matters.
    """

    name: str
    data: Mapping[str, Any]
    subject: str = ""


class Events:
    """Hands events to listeners; each listener belongs to a tab.

    Listeners are called in the thread in which something happened, so they must be quick and raise nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[int, tuple[str, Listener]] = {}
        self._n_given = 0

    def subscribe(self, tab: str, listener: Listener) -> Callable[[], None]:
        """Hear all events from now on; call the result to hear no more."""
        with self._lock:
            number = self._n_given
            self._n_given += 1
            self._listeners[number] = (tab, listener)

        def leave() -> None:
            with self._lock:
                self._listeners.pop(number, None)

        return leave

    def is_listening(self, tab: str) -> bool:
        """Whether a tab hears events."""
        with self._lock:
            return any(owner == tab for owner, _ in self._listeners.values())

    def send(self, name: str, data: Mapping[str, Any], subject: str = "", *, tab: str | None = None) -> None:
        """Tell all listeners, or only those of one tab."""
        event = Event(name, data, subject)
        with self._lock:
            listeners = [listener for owner, listener in self._listeners.values() if tab in (None, owner)]
        for listener in listeners:
            listener(event)
