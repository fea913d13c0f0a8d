"""Which of several processes of a machine this one is."""

from __future__ import annotations

import os

_VARIABLE = "PARTLY_WORKER"


def worker_number() -> int:
    """From 0 on; 0 too where there is no other."""
    return int(os.environ.get(_VARIABLE, "0"))


def be_worker(number: int) -> None:
    """Let this process, and those that it starts, be the worker of this number."""
    os.environ[_VARIABLE] = str(number)
