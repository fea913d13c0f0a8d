"""What a training tells while it runs, and the log that keeps it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from partly.storage import complete_lines, write_text

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True)
class StepReport:
    """One step of a training.

    Attributes:
        step: number of steps done.
        n_steps: number of steps in all.
        loss: of this step.
        held_out_iou: mean IoU of the averaged network with the teacher on held-out pictures, in [0, 1], as
            last measured; None before the first time.
        pictures_per_s: pictures trained on in a second, lately.
        time_left_s: estimated time to the end.
        size_px: side of the pictures of this step.
        learning_rate: of this step.
        evaluated: whether ``held_out_iou`` was measured at this step.
        n_portions: that the batch was taken in, one after another; more than 1 where memory is short.
    """

    step: int
    n_steps: int
    loss: float
    held_out_iou: float | None
    pictures_per_s: float
    time_left_s: float
    size_px: int
    learning_rate: float
    evaluated: bool
    n_portions: int = 1


OnStep = Callable[[StepReport], None]


def figures_text(report: StepReport) -> str:
    """The figures of a step in one line."""
    iou = "–" if report.held_out_iou is None else f"{100 * report.held_out_iou:.1f}"
    return (
        f"loss {report.loss:.3f}  IoU {iou}  {report.pictures_per_s:.1f} pictures/s at {report.size_px} px  "
        f"{portions_text(report.n_portions)}{timedelta(seconds=round(report.time_left_s))} left"
    )


def portions_text(n_portions: int) -> str:
    """What is told of a step whose batch was taken in portions; nothing where it was not."""
    return f"batch in {n_portions} portions (memory is short)  " if n_portions > 1 else ""


class JsonLog:
    """``log.jsonl``: one JSON object a line, which survives being killed and goes on after a resume."""

    def __init__(self, path: Path, resumed_step: int) -> None:
        self.path = path
        kept = [line for line in complete_lines(path) if json.loads(line)["step"] <= resumed_step]
        write_text(path, "".join(line + "\n" for line in kept))

    def write(self, report: DataclassInstance, beside: Mapping[str, str] = MappingProxyType({})) -> None:
        """Add one line.

        Args:
            report: a dataclass of plain values, ``step`` among them.
            beside: what else the line says, such as what the step was made on.
        """
        with self.path.open("a") as file:
            file.write(json.dumps(asdict(report) | dict(beside)) + "\n")
