"""What happens, as server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from partly.studio.session.open_tabs import check_tab
from partly.studio.session.session import Session
from partly.studio.session.session_events import Event

_BEAT_S = 15.0


class Mailbox:
    """Holds what a tab has not taken yet, of each kind and subject the last only; made in the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[tuple[str, str], Event] = {}
        self._has_some = asyncio.Event()

    def put(self, event: Event) -> None:
        """One more event, from any thread."""
        # The loop may end before the last events come.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take_in, event)

    async def take(self, timeout_s: float) -> Event | None:
        """The next event; None: none came for so long."""
        try:
            await asyncio.wait_for(self._has_some.wait(), timeout_s)
        except TimeoutError:
            return None
        event = self._waiting.pop(next(iter(self._waiting)))
        if not self._waiting:
            self._has_some.clear()
        return event

    @staticmethod
    def text(name: str, data: Mapping[str, Any]) -> str:
        """An event as it is sent."""
        return f"event: {name}\ndata: {json.dumps(dict(data))}\n\n"

    def _take_in(self, event: Event) -> None:
        key = (event.name, event.subject)
        self._waiting.pop(key, None)
        self._waiting[key] = event
        self._has_some.set()


def event_router(session: Session) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/events")
    async def events(tab: str) -> StreamingResponse:
        check_tab(tab)
        return StreamingResponse(_stream(session, tab), media_type="text/event-stream")

    return routes


async def _stream(session: Session, tab: str) -> AsyncIterator[str]:
    mailbox = Mailbox()
    leave = session.events.subscribe(tab, mailbox.put)
    try:
        yield "retry: 1000\n"
        yield mailbox.text("hello", {"version": version("partly"), "parts_version": session.parts.version})
        while True:
            event = await mailbox.take(_BEAT_S)
            if event is None:
                yield ": still here\n\n"
                continue
            yield mailbox.text(event.name, event.data)
            if event.name == "closing":
                return
    finally:
        leave()
        session.painting.leave(tab)
