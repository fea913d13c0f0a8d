"""What the steps of the demo took, all sittings together."""

from __future__ import annotations

import json
import time
from pathlib import Path

from partly.files import write_json


class Times:
    """Seconds by step, kept in a file.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self.seconds: dict[str, float] = dict(json.loads(path.read_text()))
        except (OSError, ValueError):
            self.seconds = {}

    def add(self, step: str, began: float, *, skipped: bool) -> None:
        """A step that began then (by the monotonic clock) ends now; a skipped one took nothing."""
        if not skipped:
            self.seconds[step] = round(self.seconds.get(step, 0.0) + time.monotonic() - began, 1)
            write_json(self._path, self.seconds)
