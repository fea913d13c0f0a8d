"""A job: what is asked for, how far it is, what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from partly.errors import BadOption

JobState = Literal["running", "done", "stopped", "failed"]

VERBS: dict[str, dict[str, type]] = {
    "fit": {"methods": list, "fixed_layout": bool, "allow_missing_parts": bool, "seed": int, "again": bool},
    "distil": {
        "n_pictures": int,
        "size_px": int,
        "architecture": str,
        "pretrained": bool,
        "n_steps": int,
        "drop_uncertain": float,
        "second_round": float,
        "painted_share": float,
        "recolour_parts": float,
        "seed": int,
        "n_workers": int,
        "allow_missing_parts": bool,
        "again": bool,
    },
    "export": {},
    "segment": {"thorough": bool, "mirror": bool},
}
"""What can be asked for, with the options of each; they are those of the commands."""

_MOST_POINTS = 1000


def check_options(verb: str, options: Mapping[str, Any]) -> None:
    """Refuse what no job can be.

    Raises:
        BadOption: an unknown verb or option, or a value of another type.
    """
    if verb not in VERBS:
        raise BadOption(f"there is no job {verb!r}", expected=f"one of {', '.join(VERBS)}")
    for name, value in options.items():
        kind = VERBS[verb].get(name)
        if kind is None:
            known = ", ".join(VERBS[verb]) or "none"
            raise BadOption(f"the job {verb} has no option {name!r}", expected=f"one of {known}")
        kinds = (int, float) if kind is float else (kind,)
        if not isinstance(value, kinds) or (isinstance(value, bool) and kind is not bool):
            raise BadOption(f"the option {name} is {value!r}", expected=f"a value of type {kind.__name__}")


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
