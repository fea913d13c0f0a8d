"""Time and peak memory of a stretch of work in this process."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from experiments.experiment import Figures

_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def measured(work: Callable[[], object], n_times: int = 1, *, warm: bool = False) -> Figures:
    """Median times of ``work`` in seconds, and the process's peak memory meanwhile in MiB.

    Args:
        work: what is measured.
        n_times: how often.
        warm: do it once before, without measuring.

    Returns:
        ``time_s`` on the clock, ``cpu_s`` of the processor, and ``peak_mib``; the last
        one None where the system does not tell (all but Linux).
    """
    if warm:
        work()
    counts = _begin_peak()
    times, cpu_times = [], []
    for _ in range(n_times):
        began, cpu_began = time.perf_counter(), time.process_time()
        work()
        times.append(time.perf_counter() - began)
        cpu_times.append(time.process_time() - cpu_began)
    return {
        "time_s": round(median(times), 4),
        "cpu_s": round(median(cpu_times), 4),
        "peak_mib": _peak_mib() if counts else None,
    }


def _begin_peak() -> bool:
    """Set the peak back to what is used now; whether the system can."""
    try:
        _RESET.write_text("5")
    except OSError:
        return False
    return True


def _peak_mib() -> float | None:
    found = _PEAK.search(_STATUS.read_text())
    return round(int(found[1]) / 1024, 1) if found else None
