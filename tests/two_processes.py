"""Two processes that train together, as ``torchrun`` would start them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path


def run_two_processes(module: str, folder: Path) -> None:
    """Call ``main(folder)`` of a module in each of two processes, and check that both end well."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    command = [sys.executable, "-c", f"from {module} import main; main({str(folder)!r})"]
    started = [subprocess.Popen(command, env=environment | {"RANK": str(rank)}) for rank in (0, 1)]
    assert [process.wait(120) for process in started] == [0, 0]
