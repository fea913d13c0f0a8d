"""How many processors there are to work with."""

from __future__ import annotations

import os


def usable_processors() -> int:
    """Those that this process may use; all of the machine where the system does not tell."""
    # macOS and Windows have no affinity.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
