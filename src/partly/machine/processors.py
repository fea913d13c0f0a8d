"""How many processors there are to work with, and whether this process speaks for all. Without torch."""

from __future__ import annotations

import os


def usable_processors() -> int:
    """Those that this process may use; all of the machine where the system does not tell."""
    # macOS and Windows have no affinity.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def is_first_process() -> bool:
    """Whether this process tells people: the first of those that ``torchrun`` started, or the only one."""
    return int(os.environ.get("WORLD_SIZE", "1")) == 1 or os.environ.get("RANK", "0") == "0"
