"""One thread that does the most urgent thing first, and what is asked for twice only once."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from partly.errors import PartlyError

T = TypeVar("T")
_QUIET_S = 0.7
"""Slow things begin when nobody has painted for so long: one that has begun cannot be put off."""

_LOOK_AGAIN_S = 1.0


class Urgency(IntEnum):
    """How urgent a task is; the lowest number comes first."""

    AWAITED = 0
    """Somebody waits for it and can do nothing else."""
    STROKE = 1
    """What a stroke changes on the painted picture."""
    WALL = 2
    """What it changes on the wall."""
    SUPERPIXELS = 3
    PREPARATIONS = 4
    """What somebody may soon ask for; this and what follows waits while somebody paints."""
    WALL_PICTURES = 5
    LABEL_QUALITY = 6
    PROPOSALS = 7


_FIRST_SLOW = Urgency.PREPARATIONS


class StudioClosing(PartlyError):
    """The worker ends, and with it the long task that was told so, and whoever waits for one."""

    def __init__(self) -> None:
        super().__init__("the studio is closing", remedy="Start it again: partly label")


@dataclass(frozen=True)
class _Task:
    """What is done, and who is told that it will not be done."""

    do: Callable[[], None]
    drop: Callable[[], None] = lambda: None


class Worker:
    """A thread that works off tasks, the most urgent first, those that are as urgent in the order asked for.

    A task is known by its urgency and key. Asked for again before it began it takes the place of the earlier
    one, so that the newest stroke wins. A long task calls :meth:`give_way` now and then, which does what is
    more urgent in between.

    Args:
        on_error: told the key of a task and what it raised; the thread goes on.
        name: of the thread.
        niceness: how much others come first, 0 to 19; it needs Linux, whose threads have one each.
    """

    def __init__(
        self, on_error: Callable[[str, Exception], None], name: str = "partly-worker", niceness: int = 0
    ) -> None:
        self._on_error, self._niceness = on_error, niceness
        self._changed = threading.Condition()
        self._tasks: dict[tuple[Urgency, str], _Task] = {}
        self._is_closing = False
        self._painted_at = float("-inf")
        self._doing = 0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def ask(self, urgency: Urgency, key: str, task: Callable[[], None]) -> None:
        """Ask for a task; nothing happens once the worker is closing."""
        with self._changed:
            if not self._is_closing:
                self._tasks[urgency, key] = _Task(task)
                self._changed.notify_all()

    def ask_for(self, urgency: Urgency, key: str, task: Callable[[], T]) -> Future[T]:
        """Ask for a task whose result, or error, somebody waits for."""
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(task())
            except Exception as error:  # noqa: BLE001 - it is raised again by whoever waits
                future.set_exception(error)

        def drop() -> None:
            future.set_exception(StudioClosing())

        with self._changed:
            if self._is_closing:
                drop()
            else:
                # Nobody may wait for a task that another one took the place of.
                self._tasks[urgency, f"{key} {id(future)}"] = _Task(run, drop)
                self._changed.notify_all()
        return future

    def painting(self) -> None:
        """Somebody paints just now: what is slow and can wait does."""
        with self._changed:
            self._painted_at = time.monotonic()

    @property
    def quiet_s(self) -> float:
        """Seconds since somebody painted."""
        return time.monotonic() - self._painted_at

    def has_more_urgent(self, urgency: Urgency) -> bool:
        """Whether something waits that is more urgent, or the worker is closing: time to make room."""
        with self._changed:
            return self._is_closing or any(key[0] < urgency for key in self._tasks)

    def give_way(self, urgency: Urgency) -> None:
        """In the thread, within a task of this urgency: do what is more urgent; wait while somebody paints.

        Raises:
            StudioClosing: the worker is closing.
        """
        while True:
            with self._changed:
                if self._is_closing:
                    raise StudioClosing
                task = self._take(below=urgency)
                wait_s = self._wait_s() if urgency >= _FIRST_SLOW else 0.0
                if task is None and wait_s > 0:
                    self._changed.wait(wait_s)
                    continue
            if task is None:
                return
            self._do(*task)

    def wait_until(self, fits: Callable[[], bool], urgency: Urgency) -> None:
        """In the thread, within a task of this urgency: do what is more urgent until something holds.

        It is looked at again whenever something is asked for, when somebody calls :meth:`nudge`, and every
        second.

        Raises:
            StudioClosing: the worker is closing.
        """
        while True:
            self.give_way(urgency)
            if fits():
                return
            with self._changed:
                if not self._is_closing and not any(key[0] < urgency for key in self._tasks):
                    self._changed.wait(_LOOK_AGAIN_S)

    def nudge(self) -> None:
        """Something has changed that a task may wait for."""
        with self._changed:
            self._changed.notify_all()

    @property
    def is_closing(self) -> bool:
        """Whether it ends."""
        return self._is_closing

    def close(self, timeout_s: float = 30.0) -> None:
        """End after the task that is being done; those that wait are dropped."""
        with self._changed:
            self._is_closing = True
            dropped = list(self._tasks.values())
            self._tasks.clear()
            self._changed.notify_all()
        for task in dropped:
            task.drop()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def settle(self, timeout_s: float = 60.0) -> bool:
        """Wait until nothing is left to do; False: it took too long."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._tasks and not self._doing, timeout_s)

    def _run(self) -> None:
        if self._niceness and sys.platform == "linux":
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._niceness)
        while True:
            with self._changed:
                task = None
                while not self._is_closing and (task := self._take()) is None:
                    self._changed.wait(self._wait_s() if self._tasks else None)
            if task is None:
                return
            self._do(*task)

    def _take(self, below: int = len(Urgency)) -> tuple[str, Callable[[], None]] | None:
        """The most urgent task that may begin now."""
        is_quiet = self._wait_s() <= 0
        ready = [key for key in self._tasks if key[0] < below and (is_quiet or key[0] < _FIRST_SLOW)]
        if not ready:
            return None
        chosen = min(ready, key=lambda key: key[0])  # the first of those that are as urgent
        self._doing += 1
        return chosen[1], self._tasks.pop(chosen).do

    def _do(self, key: str, task: Callable[[], None]) -> None:
        try:
            task()
        except StudioClosing:
            pass
        except Exception as error:  # noqa: BLE001 - told, and the next task may well succeed
            self._on_error(key, error)
        finally:
            with self._changed:
                self._doing -= 1
                self._changed.notify_all()

    def _wait_s(self) -> float:
        return self._painted_at + _QUIET_S - time.monotonic()
