"""The memory of a process, as Linux tells it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def memory_bytes(what: Literal["VmRSS", "VmHWM"], process: int | str = "self") -> int:
    """What a process has in memory now (``VmRSS``), or has had at most (``VmHWM``)."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(what)
