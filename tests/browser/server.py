"""A studio that serves the built page, as a process of its own, on a free port."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_COMMAND = "from partly.cli.command_line import main; main()"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """``partly label`` on a project; it can be killed and started again on the same port.

    Attributes:
        project: the project's folder; it is made when it is not there.
        port: where it listens.
        log: file of what it says.
    """

    project: Path
    port: int
    log: Path
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Start, and wait until it serves."""
        arguments = [str(self.project), "--port", str(self.port), "--no-browser", "--json"]
        if not self.project.exists():
            arguments += ["--generator", "portraits"]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _COMMAND, "label", *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            said = "".join(itertools.takewhile(lambda line: line != "}\n", stdout))
        assert self.url in said, f"the studio did not start: {said}{self.log.read_text()}"

    def kill(self) -> None:
        """End it at once, as a power cut would; nothing that it has acknowledged is lost."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(20)
