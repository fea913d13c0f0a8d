"""Processor time of trainings: how long a step takes, and how many photos a budget of minutes can show.

Trainings of one budget differ in what a step costs. A few steps of each are timed once and kept, so that the
length of a training is a number of photos, which it has again after a stop.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from partly.storage import read_json_or_none, write_json
from partly.training.adversarial import PhotoBatches
from partly.training.recipes import PlanStep, TrainingPlan

# Lazy penalties are counted every sixteenth step: their mean needs all of a round.
N_TIMED_STEPS = 16
_N_WARM_STEPS = 2
N_PLAN_STEPS = _N_WARM_STEPS + N_TIMED_STEPS
_WRITTEN_EVERY = 50


def seconds_of_a_step(plan: TrainingPlan, batches: PhotoBatches) -> float:
    """Mean processor seconds of the steps of a plan after the first two, which warm up.

    Args:
        plan: of :data:`N_PLAN_STEPS` steps, so that its means are of whole rounds of lazy penalties.
        batches: what it learns from.
    """
    times_s: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        plan.run(batches, Path(folder), lambda _: times_s.append(time.process_time()), lambda *_: None)
    warm = min(_N_WARM_STEPS, len(times_s) - 1)
    return (times_s[-1] - times_s[warm - 1]) / (len(times_s) - warm)


def photos_of_budget(
    file: Path, name: str, minutes: float, plan_of: Callable[[int], tuple[TrainingPlan, PhotoBatches]]
) -> int:
    """The photos that so many processor minutes show, by a timing that all trainings ``name`` share.

    Args:
        file: where timings are kept.
        name: of the training.
        minutes: of processor time.
        plan_of: the training of so many photos shown, and what it learns from.
    """
    a_step, seconds = plan_of(1)[0].n_shown_a_step, kept_seconds(file, name)
    if seconds is None:
        seconds = seconds_of_a_step(*plan_of(N_PLAN_STEPS * a_step))
        keep_seconds(file, name, seconds)
    return photos_in(minutes, seconds, a_step)


def kept_seconds(file: Path, name: str) -> float | None:
    """What was found before for the training ``name``; None: nothing."""
    return (read_json_or_none(file) or {}).get(name)


def keep_seconds(file: Path, name: str, seconds: float) -> None:
    """Write down what a step of the training ``name`` takes."""
    write_json(file, {**(read_json_or_none(file) or {}), name: seconds})


def photos_in(minutes: float, seconds_a_step: float, n_shown_a_step: int) -> int:
    """The photos that so many processor minutes can show: of a whole number of steps, one at the least."""
    return max(1, round(60 * minutes / seconds_a_step)) * n_shown_a_step


class StepClock:
    """Processor time of the steps of a training, all its sittings together.

    Steps that are done again after a stop count again, in time and in number: the mean is that of all steps
    that were taken.

    Args:
        file: where time and number are kept.
    """

    def __init__(self, file: Path) -> None:
        held = read_json_or_none(file) or {"steps": 0, "seconds": 0.0}
        self._file, self._n, self._before_s = file, int(held["steps"]), float(held["seconds"])
        self._began_s = self._last_s = time.process_time()

    def __call__(self, step: PlanStep) -> None:
        """Note that a step is done."""
        self._n += 1
        self._last_s = time.process_time()
        if self._n % _WRITTEN_EVERY == 0 or step.step == step.n_steps:
            write_json(self._file, {"steps": self._n, "seconds": self.seconds})

    @property
    def seconds(self) -> float:
        """Of all sittings, each up to its last step."""
        return self._before_s + self._last_s - self._began_s

    @property
    def seconds_a_step(self) -> float | None:
        """Of all steps that were noted; None where there are none."""
        return self.seconds / self._n if self._n else None
