"""The application, routes over one session behind one guard, on its port until Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import platform
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp

from partly.storage import read_json_or_none, write_json
from partly.studio.http.built_page import is_built, page_router
from partly.studio.http.event_stream import event_router
from partly.studio.http.http_messages import answer_errors
from partly.studio.http.page_security import guarded
from partly.studio.http.picture_routes import (
    album_router,
    painting_router,
    picture_router,
    prediction_router,
)
from partly.studio.http.project_routes import job_router, label_router, network_router, project_router
from partly.studio.session.session import Session
from partly.web import Security, listening, run_server

DEFAULT_PORT = 8700

_ROUTERS = (
    project_router,
    picture_router,
    album_router,
    painting_router,
    prediction_router,
    job_router,
    network_router,
    label_router,
    event_router,
)


def studio_app(session: Session, security: Security) -> ASGIApp:
    """The ASGI application of a session.

    Args:
        session: what is served; it is not closed here.
        security: where the server is, and who may ask.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    for router in _ROUTERS:
        app.include_router(router(session), prefix="/api")
    app.include_router(page_router())
    answer_errors(app)
    # Around all of it, so that answers to defects are guarded too.
    return guarded(app, security)


def serve(
    session: Session,
    host: str = "127.0.0.1",
    port: int | None = None,
    *,
    open_browser: bool = True,
    on_start: Callable[[str], None] | None = None,
) -> None:
    """Serve a session until Ctrl-C or SIGTERM; then close it, so that all is saved.

    Args:
        session: what is served.
        host: the address to listen on; beyond this machine a token is asked for.
        port: which port; None: that of last time, else 8700, else the next that is free.
        open_browser: show the page in a browser, where there is one of each.
        on_start: told the address of the page, once it can be opened.

    Raises:
        BadOption: the address cannot be had.
        PartlyError: at the end, an annotation cannot be written.
    """
    # Before torch is there: threads that wait for each other busily would starve a job beside painting.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    address = session.workspace.paths.address
    with session, contextlib.closing(listening(host, port, DEFAULT_PORT, _port_of(address))) as listener:
        security = Security.of(host, listener.getsockname()[1])
        write_json(address, {"port": security.port})

        def started() -> None:
            if on_start:
                on_start(security.url)
            if open_browser and is_built() and _has_browser():
                threading.Thread(target=webbrowser.open, args=(security.url,), daemon=True).start()

        run_server(
            studio_app(session, security),
            listener,
            on_start=started,
            on_end=lambda: session.events.send("closing", {}),
        )


def _port_of(address: Path) -> list[int]:
    """The port of last time, where there is one."""
    port = (read_json_or_none(address) or {}).get("port")
    return [port] if type(port) is int and 0 < port < 65536 else []


def _has_browser() -> bool:
    """Whether a browser can show a window; one in the terminal would take it over."""
    if platform.system() == "Linux":
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True
