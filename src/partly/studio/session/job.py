"""A job: what is asked for, what its process tells, how far it is, what came of it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TextIO

from partly.errors import BadOption
from partly.fewshot.fitting import FewShotConfig, FitRequest
from partly.inference.segment import SegmentOptions
from partly.machine import MachineOptions
from partly.storage import option, options_of
from partly.synthesis.distil import DistilConfig, DistilRequest

JobState = Literal["running", "done", "stopped", "failed"]


@dataclass(frozen=True)
class FitFirst:
    """What a job that fits before it goes on is told of that."""

    allow_missing_parts: bool = option(
        False, "Fit even if some parts are labelled nowhere; two are enough. The others are never found."
    )


VERBS: Mapping[str, tuple[type, ...]] = {
    "fit": (FewShotConfig, FitRequest, MachineOptions),
    "distil": (DistilConfig, DistilRequest, FitFirst, MachineOptions),
    "export": (),
    "segment": (SegmentOptions, MachineOptions),
}
"""What can be asked for, with the options of each; they are those of the commands."""

_MOST_POINTS = 1000
_TELL_EVERY_S = 0.2


def check_options(verb: str, options: Mapping[str, Any]) -> None:
    """Refuse what no job can be.

    Raises:
        BadOption: an unknown verb or option, or a value that cannot be.
    """
    if verb not in VERBS:
        raise BadOption(f"there is no job {verb!r}", expected=f"one of {', '.join(VERBS)}")
    known = {one.name: one for kind in VERBS[verb] for one in options_of(kind) if one.flag}
    for name, value in options.items():
        if name not in known:
            expected = f"one of {', '.join(known) or 'none'}"
            raise BadOption(f"the job {verb} has no option {name!r}", expected=expected)
        known[name].check(value)


def options_for(kind: type, options: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked for of one dataclass of options, as its fields have it."""
    return {one.name: one.taken(options[one.name]) for one in options_of(kind) if one.name in options}


@dataclass
class Job:
    """One job; it changes while it runs.

    Attributes:
        id: by which it is known.
        verb: what is done.
        options: as given.
        started: seconds since 1970.
        state: how it is.
        text: what is being done, or what came of it.
        done: how much of that.
        total: of how much.
        time_left_s: estimated time to the end of that; None: unknown.
        curves: by name, steps with their values.
        panels: by name, files of images.
        error: why it failed.
    """

    id: str
    verb: str
    options: dict[str, Any]
    started: float
    state: JobState = "running"
    text: str = "starting"
    done: int = 0
    total: int = 0
    time_left_s: float | None = None
    curves: dict[str, list[list[float]]] = field(default_factory=dict)
    panels: dict[str, Path] = field(default_factory=dict)
    error: str | None = None

    def take(self, report: Mapping[str, Any]) -> None:
        """Take in one line of what the process tells."""
        if "curve" in report:
            points = self.curves.setdefault(str(report["curve"]), [])
            points.append([float(report["step"]), float(report["value"])])
            if len(points) > _MOST_POINTS:
                # Every other one, but the first and the last.
                self.curves[str(report["curve"])] = [*points[:-1:2], points[-1]]
        elif "panel" in report:
            path = Path(str(report["panel"]))
            self.panels[panel_name(path, len(self.panels))] = path
        elif "error" in report:
            self.error = str(report["error"])
        elif "text" in report:
            self.text = str(report["text"])
            self.done, self.total = int(report.get("done", 0)), int(report.get("total", 0))
            left = report.get("time_left_s")
            self.time_left_s = None if left is None else round(float(left), 1)

    def to_json(self) -> dict[str, Any]:
        """As the page gets it."""
        return {
            "id": self.id,
            "verb": self.verb,
            "options": self.options,
            "state": self.state,
            "text": self.text,
            "done": self.done,
            "total": self.total,
            "time_left_s": self.time_left_s,
            "started": self.started,
            "curves": self.curves,
            "panels": [f"/api/jobs/{self.id}/panels/{name}" for name in self.panels],
            "error": self.error,
        }

    def to_record(self) -> dict[str, Any]:
        """As it is kept."""
        return self.to_json() | {"panels": {name: str(path) for name, path in self.panels.items()}}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Job:
        """The job of a record; one that ran when the record was made was stopped by the end of the studio.

        Raises:
            ValueError, KeyError, TypeError: it is none.
        """
        values = {name: record[name] for name in cls.__dataclass_fields__}
        values["panels"] = {str(name): Path(path) for name, path in record["panels"].items()}
        job = cls(**values)
        if job.state == "running":
            job.state, job.time_left_s = "stopped", None
        return job


def panel_name(path: Path, number: int) -> str:
    """The name under which the page asks for a panel."""
    return f"{number:03}{path.suffix.lower()}"


def parsed(line: str) -> dict[str, Any] | None:
    """One line of what a process tells; None: it is something else."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


class JobReports:
    """What the process of a job tells: JSON objects, one a line, for :meth:`Job.take`.

    Progress is told now and then only, curves and panels always.

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
