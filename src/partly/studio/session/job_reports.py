"""What the process of a job tells the studio: JSON objects, one a line."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TextIO

_TELL_EVERY_S = 0.2


class JobReports:
    """Writes progress, curves and panels; progress now and then only, the rest always.

    Args:
        stream: where to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._told_at = float("-inf")
        self._title = ""
        self._began, self._first = 0.0, 0
        self._panels: set[Path] = set()

    def progress(self, text: str, done: int = 0, total: int = 0, time_left_s: float | None = None) -> None:
        """So much is done; without an estimate of the time left, one is made."""
        now = time.monotonic()
        if text != self._title or done < self._first:
            self._title, self._began, self._first = text, now, done
        elif now - self._told_at < _TELL_EVERY_S and done < total:
            return
        if time_left_s is None and done > self._first:
            time_left_s = (now - self._began) / (done - self._first) * (total - done)
        self._told_at = now
        self._write({"text": text, "done": done, "total": total, "time_left_s": time_left_s})

    def point(self, curve: str, step: int, value: float) -> None:
        """One more point of a curve."""
        self._write({"curve": curve, "step": step, "value": value})

    def panel(self, path: Path) -> None:
        """An image to look at; once each."""
        if path not in self._panels:
            self._panels.add(path)
            self._write({"panel": str(path.resolve())})

    def error(self, text: str) -> None:
        """What went wrong."""
        self._write({"error": text})

    def _write(self, value: dict[str, object]) -> None:
        self._stream.write(json.dumps(value) + "\n")
        self._stream.flush()
