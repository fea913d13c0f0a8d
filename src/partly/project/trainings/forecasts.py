"""How long a training will take, told before it begins: by a few of its steps, taken on copies."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch

from partly.errors import TooLittleMemory, TrainingDiverged
from partly.machine import Machine
from partly.training.adversarial import PhotoBatches
from partly.training.chassis import checkpoint_files
from partly.training.recipes import PlanStep, TrainingPlan

_LEAST_STEPS = 50
_ENOUGH_S, _MOST_TIMES = 2.0, 20
OnTrial = Callable[[str, int, int], None]


@dataclass(frozen=True)
class TrainingForecast:
    """What lies ahead of a training.

    Attributes:
        n_photos: to be shown, those of earlier sittings left out.
        n_shown: by earlier sittings.
        time_s: about how long they take; pictures, measures and evaluations between the steps left out.
        machine: on what, as people read it.
        is_most: it may end earlier.
    """

    n_photos: int
    n_shown: int
    time_s: float
    machine: str
    is_most: bool = False

    def __str__(self) -> str:
        told = f"about {duration_text(self.time_s)}"
        after = f" after the {self.n_shown:,} of before" if self.n_shown else ""
        speed = self.n_photos / self.time_s
        return (
            f"{f'At most {told}' if self.is_most else told.capitalize()}: {self.n_photos:,} photos{after} "
            f"at {speed:,.{0 if speed >= 9.95 else 1}f} a second on {self.machine}."
        )


def duration_text(time_s: float) -> str:
    """A time in the unit that people would take: "40 seconds", "35 minutes", "2.5 hours", "12 days"."""
    units = [(1, 90, "second"), (60, 90, "minute"), (3600, 36, "hour"), (86400, math.inf, "day")]
    unit_s, name = next((unit_s, name) for unit_s, most, name in units if time_s < most * unit_s)
    n = time_s / unit_s
    fine = unit_s >= 3600 and n < 9.95
    text = f"{n:.1f}".removesuffix(".0") if fine else f"{max(1, round(n))}"
    return f"{text} {name}{'' if text == '1' else 's'}"


def training_forecast(
    ready: TrainingPlan,
    photos: PhotoBatches,
    folder: Path,
    machine: Machine,
    *,
    is_most: bool = False,
    on_trial: OnTrial = lambda *_: None,
) -> TrainingForecast | None:
    """Take a few steps on copies of the networks, and tell how long the rest of the training takes.

    Of several processes all must call it, since they take the steps together.

    Args:
        ready: the training; it is not changed.
        photos: of the training.
        folder: of its checkpoints; what earlier sittings did is not forecast.
        machine: what it runs on.
        is_most: the training may end before its plan does.
        on_trial: told what is done, how many steps of it, and of how many.

    Returns:
        None where the rest is short, where memory is too short for a step, or where the loss is no number:
        the training itself will say so.
    """
    n_done = steps_before(folder)
    if ready.n_steps - n_done < _LEAST_STEPS:
        return None
    try:
        once_s, time_s = _timed(ready, n_done, 1, photos, machine, on_trial)
        # Of quick steps more are tried, since a single one says little.
        n_times = min(_MOST_TIMES, math.ceil(_ENOUGH_S / max(once_s, 1e-9)))
        if n_times > 1:
            _, time_s = _timed(ready, n_done, n_times, photos, machine, on_trial)
    except (TooLittleMemory, TrainingDiverged):
        return None
    n_shown = n_done * ready.n_shown_a_step
    n_photos = ready.n_steps * ready.n_shown_a_step - n_shown
    return TrainingForecast(n_photos, n_shown, time_s, machine.name, is_most)


def steps_before(folder: Path) -> int:
    """Steps that earlier sittings took, by the newest checkpoint in a folder."""
    files = checkpoint_files(folder)
    return int(files[-1].stem.rpartition("-")[2]) if files else 0


def _timed(
    ready: TrainingPlan, n_done: int, n_times: int, photos: PhotoBatches, machine: Machine, on_trial: OnTrial
) -> tuple[float, float]:
    """Seconds that a trial took, and those that the rest of the training takes; the same in all processes."""
    trial = ready.trial(n_done, n_times)
    marks: list[float] = []

    def on_step(step: PlanStep) -> None:
        marks.append(time.perf_counter())
        on_trial("timing the first steps", step.step, step.n_steps)

    trial.plan.run(photos, None, on_step, None, machine)
    found = torch.zeros(2, dtype=torch.float64)
    if machine.ranks.is_first:
        # The first step warms up, and stands for none.
        each = [0.0, *(after - before for before, after in pairwise(marks))]
        all_s = sum(s * n for s, n in zip(each, trial.stands_for, strict=True))
        found = torch.tensor([sum(each), all_s], dtype=torch.float64)
    spent_s, all_s = machine.ranks.total(found).tolist()
    return spent_s, all_s
