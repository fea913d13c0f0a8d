"""The application, routes over one session behind one guard, and its server, on its port until Ctrl-C."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from partly.errors import BadOption
from partly.storage import read_json_or_none, write_json
from partly.studio.http.built_page import is_built, page_router
from partly.studio.http.event_stream import event_router
from partly.studio.http.http_messages import answer_errors
from partly.studio.http.picture_routes import (
    album_router,
    painting_router,
    picture_router,
    prediction_router,
)
from partly.studio.http.project_routes import job_router, label_router, network_router, project_router
from partly.studio.http.security import Guard, Security
from partly.studio.session.session import Session

DEFAULT_PORT = 8700
_N_PORTS = 50
_GRACE_S = 3
_BACKLOG = 128
_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


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
    return Guard(app, security)


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
    with session, contextlib.closing(_listening(host, port, _port_of(address))) as listener:
        security = Security.of(host, listener.getsockname()[1])
        write_json(address, {"port": security.port})

        def started() -> None:
            if on_start:
                on_start(security.url)
            if open_browser and is_built() and _has_browser():
                threading.Thread(target=webbrowser.open, args=(security.url,), daemon=True).start()

        config = uvicorn.Config(
            studio_app(session, security),
            log_level="warning",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
            timeout_keep_alive=30,
        )
        _Server(config, started, lambda: session.events.send("closing", {})).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Uvicorn, which tells when it listens, and ends without raising the signal again."""

    def __init__(
        self, config: uvicorn.Config, on_start: Callable[[], None], on_end: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._on_start, self._on_end = on_start, on_end

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_start()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        # Others than uvicorn's own: what follows the end, saving, must still be done after SIGTERM.
        before = {number: signal.signal(number, self._end) for number in _ENDING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # The streams of events end with this; uvicorn waits for them.
        self._on_end()
        await super().shutdown(sockets)

    def _end(self, number: int, frame: object) -> None:  # noqa: ARG002
        self.force_exit = self.should_exit
        self.should_exit = True


def _port_of(address: Path) -> list[int]:
    """The port of last time, where there is one."""
    port = (read_json_or_none(address) or {}).get("port")
    return [port] if type(port) is int and 0 < port < 65536 else []


def _listening(host: str, port: int | None, known: Sequence[int]) -> socket.socket:
    """A socket that listens; with no port given, on a known one, else on the first that is free.

    Raises:
        BadOption: it cannot be had.
    """
    if port is None:
        for candidate in (*known, *range(DEFAULT_PORT, DEFAULT_PORT + _N_PORTS)):
            try:
                return _bound(host, candidate)
            except _Taken:
                continue
        raise BadOption(
            f"the ports {DEFAULT_PORT} to {DEFAULT_PORT + _N_PORTS - 1} of {host} are taken",
            remedy="Give another one with --port",
        )
    try:
        return _bound(host, port)
    except _Taken as error:
        raise BadOption(
            f"port {port} of {host} is taken",
            remedy="Give another one with --port, or none: then the first free one is used",
        ) from error


class _Taken(Exception):
    """Another program listens there."""


def _bound(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with contextlib.ExitStack() as undone:
            listener = undone.enter_context(socket.socket(family, socket.SOCK_STREAM))
            if os.name == "posix":
                # On Windows this would take the port away from whoever has it.
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(_BACKLOG)
            undone.pop_all()
            return listener
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise _Taken from error
        raise BadOption(
            f"the address {host}:{port} cannot be used ({error.strerror or error})",
            expected="an address of this machine, and a port that you may use",
        ) from error


def _has_browser() -> bool:
    """Whether a browser can show a window; one in the terminal would take it over."""
    if platform.system() == "Linux":
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True
