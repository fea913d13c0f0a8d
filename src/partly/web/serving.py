"""A server on its port until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence

import uvicorn
from starlette.types import ASGIApp

from partly.errors import BadOption

_N_PORTS = 50
_GRACE_S = 3
_BACKLOG = 128
_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def run_server(
    app: ASGIApp,
    listener: socket.socket,
    *,
    on_start: Callable[[], None],
    on_end: Callable[[], None] = lambda: None,
    protocol: type[asyncio.Protocol] | None = None,
    grace_s: int = _GRACE_S,
) -> None:
    """Serve an application until Ctrl-C or SIGTERM.

    Args:
        app: what answers.
        listener: see :func:`listening`.
        on_start: called once it answers.
        on_end: called before open requests are waited for.
        protocol: of one connection; None: uvicorn's own.
        grace_s: how long open requests are waited for.
    """
    config = uvicorn.Config(
        app,
        http=protocol or "auto",
        ws="none",
        log_level="error",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=grace_s,
        timeout_keep_alive=30,
    )
    Server(config, on_start, on_end).run(sockets=[listener])


class Server(uvicorn.Server):
    """Uvicorn, which tells when it listens, and ends without raising the signal again."""

    def __init__(
        self, config: uvicorn.Config, on_start: Callable[[], None], on_end: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._on_start, self._on_end = on_start, on_end

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and tell so."""
        await super().startup(sockets)
        self._on_start()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals end the server, and are not raised again."""
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
        """Tell so, and wait for open requests."""
        # What streams without end, such as the studio's events, ends with this; uvicorn waits for them.
        self._on_end()
        await super().shutdown(sockets)

    def _end(self, number: int, frame: object) -> None:  # noqa: ARG002
        self.force_exit = self.should_exit
        self.should_exit = True


def listening(host: str, port: int | None, default_port: int, known: Sequence[int] = ()) -> socket.socket:
    """A socket that listens.

    Args:
        host: the address.
        port: which port; None: a known one, else the first that is free from ``default_port`` on.
        default_port: where to look first.
        known: ports to try before.

    Raises:
        BadOption: it cannot be had.
    """
    if port is None:
        for candidate in (*known, *range(default_port, default_port + _N_PORTS)):
            try:
                return _bound(host, candidate)
            except _Taken:
                continue
        raise BadOption(
            f"the ports {default_port} to {default_port + _N_PORTS - 1} of {host} are taken",
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
