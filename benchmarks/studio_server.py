"""A studio's server in a process of its own, and the page's side of it without a browser."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlencode, urlsplit

import numpy as np
from numpy.typing import NDArray

_WAIT_S = 120.0


class StudioServer:
    """``partly label`` on a free port; killed at the end, unless it has ended by itself.

    Attributes:
        host, port: where it listens.
        start_s: seconds from the start of the process to the address of the page.
    """

    def __init__(self, project: Path, *options: str) -> None:
        words = ["label", str(project), "--no-browser", "--port", "0", "--json", *options]
        command = [sys.executable, "-c", "from partly.cli.command_line import main; main()", *words]
        began = time.monotonic()
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=dict(os.environ)
        )
        self.began = began
        url = urlsplit(self._address())
        self.start_s = time.monotonic() - began
        self.host, self.port = str(url.hostname), int(url.port or 80)

    def __enter__(self) -> StudioServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def kill(self) -> None:
        """As ``kill -9``."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

    def stop(self, number: int = signal.SIGINT) -> int:
        """As Ctrl-C; gives the exit code."""
        self.process.send_signal(number)
        return self.process.wait(_WAIT_S)

    def _address(self) -> str:
        assert self.process.stdout is not None
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if line.startswith("}"):
                return str(json.loads("".join(lines))["url"])
        raise RuntimeError(f"the server ended with code {self.process.wait()}: {''.join(lines)}")


class Page:
    """One tab: a connection that stays open."""

    def __init__(self, server: StudioServer, tab: str = "page") -> None:
        self.tab = tab
        self._connection = http.client.HTTPConnection(server.host, server.port, timeout=_WAIT_S)

    def __enter__(self) -> Page:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def ask(
        self, method: str, path: str, body: bytes | None = None, **query: Any
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """One request, and the whole answer.

        Raises:
            OSError, http.client.HTTPException: the server is gone.
        """
        words = f"?{urlencode(query)}" if query else ""
        self._connection.request(method, f"/api{path}{words}", body)
        answer = self._connection.getresponse()
        return answer, answer.read()

    def json(self, method: str, path: str, value: Any = None, **query: Any) -> Any:
        """One request with JSON both ways."""
        body = None if value is None else json.dumps(value).encode()
        answer, data = self.ask(method, path, body, **query)
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {data!r}")
        return json.loads(data)

    def paint(self, picture: str, x: int, y: int, labels: NDArray[np.uint8]) -> dict[str, Any]:
        """Put a patch on a label map; returns when it is acknowledged."""
        height, width = labels.shape
        path = f"/pictures/{picture}/strokes"
        answer, data = self.ask("POST", path, labels.tobytes(), tab=self.tab, x=x, y=y, w=width, h=height)
        if answer.status != 200:
            raise RuntimeError(f"a stroke was refused: {data!r}")
        return dict(json.loads(data))

    def labels(self, picture: str) -> NDArray[np.uint8]:
        """The label map as the server has it, uint8 ``[h, w]``."""
        answer, data = self.ask("GET", f"/pictures/{picture}/labels")
        shape = int(answer.headers["X-Height"]), int(answer.headers["X-Width"])
        return np.frombuffer(data, np.uint8).reshape(shape)

    def state(self, fits: Callable[[dict[str, Any]], bool], wait_s: float = _WAIT_S) -> dict[str, Any]:
        """The state, as soon as it fits."""
        deadline = time.monotonic() + wait_s
        while not fits(state := self.json("GET", "/state")):
            if time.monotonic() > deadline:
                raise RuntimeError(f"waited in vain: {state}")
            time.sleep(0.05)
        return dict(state)


class EventStream:
    """Hears the events of a server in a thread, each with the time of its arrival, until the server ends."""

    def __init__(self, server: StudioServer, tab: str = "page") -> None:
        self._connection = http.client.HTTPConnection(server.host, server.port, timeout=_WAIT_S)
        self._connection.request("GET", f"/api/events?tab={tab}")
        self._answer = self._connection.getresponse()
        self._changed = threading.Condition()
        self.heard: list[tuple[float, str, dict[str, Any]]] = []
        self.has_ended = False
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def wait(
        self, name: str, fits: Callable[[dict[str, Any]], bool] | None = None, *, after: int = 0
    ) -> dict[str, Any]:
        """The first event of that name that fits, heard after so many others."""

        def found() -> list[dict[str, Any]]:
            return [
                data
                for _, heard, data in self.heard[after:]
                if heard == name and (fits is None or fits(data))
            ]

        with self._changed:
            if not self._changed.wait_for(lambda: found() or self.has_ended, _WAIT_S) or not found():
                raise RuntimeError(f"no event {name} came")
            return found()[0]

    def _listen(self) -> None:
        name = ""
        try:
            while line := self._answer.readline():
                text = line.decode().rstrip("\n")
                if text.startswith("event: "):
                    name = text.removeprefix("event: ")
                elif text.startswith("data: "):
                    self._hear(name, json.loads(text.removeprefix("data: ")))
        except (OSError, ValueError, http.client.HTTPException):
            pass  # the server is gone
        self._answer.close()
        self._connection.close()
        with self._changed:
            self.has_ended = True
            self._changed.notify_all()

    def _hear(self, name: str, data: dict[str, Any]) -> None:
        with self._changed:
            self.heard.append((time.monotonic(), name, data))
            self._changed.notify_all()
