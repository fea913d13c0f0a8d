"""Memory of large tensors is kept by the process, and not given back to the system after each use.

glibc takes large blocks from the system (``mmap``) and gives them back when they are freed, and the free end
of its heap too. Each time the system clears every page anew, which costs a good part of the time of synthesis
(docs/lab.md). Both thresholds are raised, once a process, by ``mallopt`` (3). Elsewhere (musl, macOS,
Windows) nothing happens.
"""

from __future__ import annotations

import ctypes
import os
import platform

_VARIABLE = "PARTLY_KEEP_MEMORY"
# From malloc.h of glibc.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_MOST_BYTES = (1 << 31) - 1
# Before its version 2.35 glibc refuses thresholds above half the heap of a thread.
_THRESHOLDS_BYTES = (1 << 30, 32 << 20)


def keep_large_tensors() -> bool:
    """Keep the memory of large tensors for the next ones, in this process, from now on.

    ``PARTLY_KEEP_MEMORY=0`` switches it off, to compare.

    Returns:
        Whether it is kept; False where the C library is another one.
    """
    if os.environ.get(_VARIABLE) == "0" or platform.libc_ver()[0] != "glibc":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    is_kept = any(mallopt(_M_MMAP_THRESHOLD, n_bytes) for n_bytes in _THRESHOLDS_BYTES)
    return bool(is_kept and mallopt(_M_TRIM_THRESHOLD, _MOST_BYTES))
