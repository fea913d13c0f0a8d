"""Pieces done by workers of a cluster of Ray."""

from __future__ import annotations

import multiprocessing
import socket
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from partly.errors import BadOption, NotAvailable, PartlyError
from partly.machine.executors import OnNews, P, Work
from partly.machine.ray_driver import JOINED, Lost, Told, drive
from partly.machine.worker_failures import Deaths, Failure

_NEEDED = ("ray", "pyarrow", "pandas")  # ray[data]
_ANSWERS_WITHIN_S = 5.0
_JOINS_WITHIN_S = 60.0
_LEAVES_WITHIN_S = 20.0
_PORT = 6379
# With a machine go also pieces that its worker was only about to get.
_MOST_DEATHS = 3
_LOG_END_BYTES = 2000


@dataclass(frozen=True)
class Ray:
    """A cluster of Ray.

    A worker has one processor of the cluster. It is given a piece when it is free, and gives back what there
    is to tell; what a piece makes it writes to the disk that all machines share. Pieces whose worker or
    machine is lost are done anew by others. Ray itself runs in a process beside this one, since it writes
    to the terminal, warns, and may wait for minutes.

    Attributes:
        address: ``host:port`` of the cluster, which this machine belongs to; "auto": the one that runs here;
            "local": a new one of this machine alone.
        most: workers at most; None: one for each processor.
    """

    address: str
    most: int | None = None

    def __post_init__(self) -> None:
        if any(find_spec(name) is None for name in _NEEDED):
            raise NotAvailable(
                "Ray is not installed",
                remedy="Install it: pip install 'partly[ray]', or give --workers or --share without --ray",
            )

    def run(self, work: Work[P], pieces: Iterable[P], on_news: OnNews[P] | None = None) -> Iterator[P]:
        """See :class:`partly.machine.Executor`; pieces are taken all at once, news come with its end.

        Raises:
            BadOption: the address is none.
            NotAvailable: nothing answers at the address, or it is no cluster of Ray.
        """
        left = dict(enumerate(pieces))
        deaths = Deaths(_MOST_DEATHS)
        with _driver(self.address, self.most, work) as connection:
            connection.send(left)
            while left:
                message = _heard(connection)
                if isinstance(message, Failure):
                    message.raise_again()
                if isinstance(message, Lost):
                    for number in message.numbers:
                        deaths.add(left[number], "a worker of Ray was lost")
                if isinstance(message, Told) and (piece := left.pop(message.number, None)) is not None:
                    for value in message.news:
                        if on_news:
                            on_news(piece, value)
                    yield piece


def _heard(connection: Connection) -> Any:
    try:
        return connection.recv()
    except (EOFError, OSError) as error:
        raise PartlyError(
            "the process that talks to Ray died",
            remedy="Run the same command again: finished pieces are kept",
        ) from error


@contextmanager
def _driver(address: str, most: int | None, work: Work[Any]) -> Iterator[Connection]:
    """The pipe to a process that has joined the cluster while the block runs."""
    _check_answer(address)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    with tempfile.TemporaryDirectory(prefix="partly-ray-") as folder:
        log = Path(folder) / "log"
        # No daemon: those must not begin the processes of a cluster of their own.
        process = context.Process(
            target=drive, args=(address, most, work, str(Path.cwd()), str(log), theirs), daemon=False
        )
        process.start()
        theirs.close()
        try:
            _wait_for_cluster(ours, address, log)
            yield ours
        finally:
            ours.close()
            process.join(0.1)
            process.terminate()
            process.join(_LEAVES_WITHIN_S)
            process.kill()
            process.join()


def _wait_for_cluster(connection: Connection, address: str, log: Path) -> None:
    """Wait until the cluster is joined; what answers may be none, for which Ray waits for minutes.

    Raises:
        NotAvailable: it is not in a minute.
    """
    message: Any = None
    try:
        if connection.poll(_JOINS_WITHIN_S):
            message = connection.recv()
    except (EOFError, OSError):
        message = Failure(None, log.read_bytes()[-_LOG_END_BYTES:].decode("utf-8", "replace").strip())
    if message == JOINED:
        return
    reason = message.text if isinstance(message, Failure) else "what is there does not answer as Ray does"
    raise _no_cluster(address, reason)


def _check_answer(address: str) -> None:
    """Check that somebody is at an address, in a few seconds."""
    if address in ("auto", "local"):
        return
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise BadOption(
            f"the address {address!r} of Ray",
            expected=f"host:port, such as 10.0.0.1:{_PORT}; or auto, or local",
        )
    try:
        socket.create_connection((host, int(port)), _ANSWERS_WITHIN_S).close()
    except OSError as error:
        raise _no_cluster(address, error.strerror or str(error)) from error


def _no_cluster(address: str, reason: str) -> NotAvailable:
    return NotAvailable(
        f"no cluster of Ray answers at {address} ({reason})",
        remedy=f"Begin one: ray start --head --port {_PORT}, and ray start --address HOST:{_PORT} on other "
        "machines; or give --ray local",
    )
