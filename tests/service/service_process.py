"""``partly serve`` in a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

MAIN = """
import sys
from partly.cli.command_line import run
from partly.service.http import request_photos
from partly.web import patient_connection
patient_connection.IDLE_S = request_photos.BODY_S = 1.2
code = run(sys.argv[1:])
print("torch" in sys.modules)
sys.exit(code)
"""


class Service:
    """One process."""

    def __init__(self, process: subprocess.Popen[str], told: dict[str, object]) -> None:
        self.process, self.told = process, told
        self.port = int(str(told["url"]).rstrip("/").rpartition(":")[2])

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def raw(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def open_requests(self) -> int:
        return int(json.loads(self.ask("GET", "/metrics")[1])["open_requests"])


@contextmanager
def service(file, *options: str, before: str = "") -> Iterator[Service]:
    """``partly serve`` of a file on a free port; killed at the end, unless it has ended."""
    words = ["serve", str(file), "--port", "0", "--json", *options]
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", before + MAIN, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("}"):
                break
        assert lines, process.stderr.read()
        yield Service(process, json.loads("".join(lines)))
    finally:
        process.kill()
        process.communicate()
