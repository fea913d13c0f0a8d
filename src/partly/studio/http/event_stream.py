"""What happens, as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib.metadata import version

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from partly.studio.http.mailbox import Mailbox
from partly.studio.session import Session
from partly.studio.session.open_tabs import check_tab

_BEAT_S = 15.0


def router(session: Session) -> APIRouter:
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
        yield mailbox.text("hello", {"version": version("partly"), "parts_version": session.parts_version})
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
