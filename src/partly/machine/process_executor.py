"""Pieces done by several processes of this machine."""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic

from partly.machine.executors import OnNews, P, Work
from partly.machine.worker_failures import Deaths, Failure, failure_of
from partly.machine.worker_numbers import be_worker

_ENDS_WITHIN_S = 10.0
_ENDED_BY = 128  # plus the number of a signal: the exit code of who is ended by it

READY = "ready"
"""Told by a worker that has begun: what it loads once is loaded, and it waits for a piece."""


@dataclass(frozen=True)
class _News:
    value: Any


@dataclass(frozen=True)
class Processes:
    """New processes of this machine, each with a worker of its own.

    Each has a pipe to this process and nothing else in common with the others, so that one that is killed,
    wherever it is, leaves the others as they are.

    Attributes:
        n: how many at most.
    """

    n: int

    def run(self, work: Work[P], pieces: Iterable[P], on_news: OnNews[P] | None = None) -> Iterator[P]:
        """See :class:`partly.machine.Executor`; pieces are taken as processes are free."""
        crew = _Crew(work, pieces, self.n)
        try:
            crew.begin()
            while crew.working:
                for member in crew.that_tell():
                    if crew.hear(member, on_news):
                        done = member.piece
                        crew.go_on(member)
                        yield done
        finally:
            crew.end()


@dataclass(eq=False)
class _Member(Generic[P]):
    """A process and what it is doing."""

    process: BaseProcess
    connection: Connection
    piece: P
    number: int


class _Crew(Generic[P]):
    """The processes of one run."""

    def __init__(self, work: Work[P], pieces: Iterable[P], n: int) -> None:
        self._work, self._pieces, self._n = work, iter(pieces), n
        self._again: list[P] = []
        self._deaths = Deaths()
        self._context = multiprocessing.get_context("spawn")
        self._ended: list[BaseProcess] = []
        self.working: list[_Member[P]] = []

    def begin(self) -> None:
        """Start processes until there are enough, or no pieces are left."""
        while len(self.working) < self._n:
            for piece in self._next():
                self._start(piece)
                break
            else:
                return

    def that_tell(self) -> list[_Member[P]]:
        """Wait until some have something to tell, or are dead."""
        ready = wait([member.connection for member in self.working])
        return [member for member in self.working if member.connection in ready]

    def hear(self, member: _Member[P], on_news: OnNews[P] | None) -> bool:
        """Take one message; whether it is that the piece is done."""
        try:
            message = member.connection.recv()
        except (EOFError, OSError):
            self._bury(member)
            return False
        if isinstance(message, Failure):
            message.raise_again()
        if message == READY:
            self._give(member)
            return False
        if isinstance(message, _News):
            if on_news:
                on_news(member.piece, message.value)
            return False
        return True

    def go_on(self, member: _Member[P]) -> None:
        """Give the next piece to a process, or let it go where none is left."""
        for piece in self._next():
            member.piece = piece
            self._give(member)
            return
        self.working.remove(member)
        member.connection.close()
        self._ended.append(member.process)

    def end(self) -> None:
        """Stop all that still work, and wait for all."""
        for member in self.working:
            member.process.terminate()
            member.connection.close()
        for process in self._ended:
            process.join()
        ends = time.monotonic() + _ENDS_WITHIN_S
        for member in self.working:
            # It clears away what it has half made; one that cannot, ends all the same.
            member.process.join(max(0.0, ends - time.monotonic()))
            member.process.kill()
            member.process.join()

    def _next(self) -> list[P]:
        """The next piece, if there is one: first those of dead workers."""
        if self._again:
            return [self._again.pop(0)]
        return list(islice(self._pieces, 1))

    def _start(self, piece: P) -> None:
        ours, theirs = self._context.Pipe()
        taken = {member.number for member in self.working}
        number = next(i for i in range(self._n) if i not in taken)
        process = self._context.Process(target=_serve, args=(self._work, theirs, number), daemon=True)
        process.start()
        # Only the other process holds its end now, so that its death is the end of the pipe.
        theirs.close()
        # It asks for the piece when it has begun, so that all begin at once, and what goes wrong is heard.
        self.working.append(_Member(process, ours, piece, number))

    def _give(self, member: _Member[P]) -> None:
        """Send the piece to a process that waits for it."""
        # Of one that is dead, the end of its pipe is heard next.
        with suppress(OSError):
            member.connection.send(member.piece)

    def _bury(self, member: _Member[P]) -> None:
        """Give the piece of a dead process to another one."""
        # Its pipe is closed, so it is about to end, if it has not.
        member.process.join(_ENDS_WITHIN_S)
        member.process.kill()
        member.process.join()
        self.working.remove(member)
        member.connection.close()
        self._deaths.add(member.piece, f"exit code {member.process.exitcode}")
        self._again.append(member.piece)
        self.begin()


def _serve(work: Work[Any], connection: Connection, number: int) -> None:
    """What a process does: pieces, until its pipe ends."""
    # Ctrl-C reaches every process of a terminal; the parent stops its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    be_worker(number)
    serve(work, connection)


def _end(number: int, frame: object) -> None:  # noqa: ARG001
    """End by an exception, so that what is half made is cleared away."""
    sys.exit(_ENDED_BY + number)


def serve(work: Work[Any], connection: Connection) -> None:
    """Do the pieces that come by a pipe, and tell what becomes of them: first that the worker is ready.

    Raises:
        SystemExit: nobody is at the other end any more.
    """

    # News may come from threads of the worker.
    one_by_one = threading.Lock()

    def say(message: Any) -> None:
        try:
            with one_by_one:
                connection.send(message)
        except OSError:
            raise SystemExit(1) from None

    def run() -> None:
        worker = work()
        say(READY)
        while True:
            try:
                received = connection.recv_bytes()
            except (EOFError, OSError):
                return
            # Unpacked behind the try: a piece may open files.
            piece = pickle.loads(received)  # from the process that began this one
            worker(piece, lambda value: say(_News(value)))
            say(None)

    failure = failure_of(run)
    if failure:
        say(failure)
