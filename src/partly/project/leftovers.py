"""Unfinished files that a killed process left behind."""

from __future__ import annotations

import time
from pathlib import Path

_OLD_S = 3600.0


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary files of a project that nobody wrote to for an hour.

    Younger ones may belong to another command that is still at work.
    """
    for path in folder.rglob(".*.part"):
        try:
            if time.time() - path.stat().st_mtime > _OLD_S:
                path.unlink()
        except FileNotFoundError:
            continue
