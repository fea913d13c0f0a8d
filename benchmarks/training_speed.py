"""How many photos a second a generator's training takes in, and how much of the time goes into reading them.

``python -m benchmarks.training_speed`` trains each family for a few steps on drawn portraits, with the preset
of ``partly train``, on a GPU where there is one. ``torchrun --nproc-per-node 2 -m benchmarks.training_speed``
tells how several processes share the work.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from partly.data.portraits import portrait_set
from partly.machine import PROCESSOR, Machine
from partly.storage import write_json
from partly.training.adversarial import PhotoBatch, PhotoBatches, SquareBatches
from partly.training.recipes import TrainingPlan, choices_for, training_plan

_N_PHOTOS, _N_FIRST = 200, 3


class TimedBatches:
    """Batches of another, with the time that reading them took.

    Attributes:
        time_s: of all reads so far.
    """

    def __init__(self, batches: PhotoBatches) -> None:
        self._batches, self.digest = batches, batches.digest
        self.condition_width = batches.condition_width
        self.time_s = 0.0

    def read(self, number: int) -> PhotoBatch:
        """As the other's."""
        began = time.perf_counter()
        batch = self._batches.read(number)
        self.time_s += time.perf_counter() - began
        return batch


def measured(
    family: str, size_px: int, n_steps: int, folder: Path, machine: Machine = PROCESSOR
) -> dict[str, Any] | None:
    """Photos a second after the first steps, and the share of the time that reading takes.

    None in all processes but the first.
    """
    choices = choices_for(size_px=size_px, family=family)
    batch_size = training_plan(choices).batch_size
    ready = training_plan(choices_for(size_px=size_px, family=family, n_photos_shown=n_steps * batch_size))
    photos = portrait_set(_N_PHOTOS, size_px, 0, folder / f"photos-{size_px}")
    batches = TimedBatches(SquareBatches(photos, ready.batch_size))
    marks = _timed(ready, batches, folder / f"{family}-{size_px}", machine)
    if not machine.ranks.is_first:
        return None
    # The last step also writes a checkpoint, but after its mark.
    (began, read_before), (ended, read_after) = marks[_N_FIRST - 1], marks[-1]
    total_s, reading_s = ended - began, read_after - read_before
    n_shown = (ready.n_steps - _N_FIRST) * ready.n_shown_a_step
    return {
        "family": family,
        "size_px": size_px,
        "batch_size": ready.batch_size,
        "device": machine.device.type,
        "threads": torch.get_num_threads(),
        "processes": machine.ranks.n,
        "photos_per_s": round(n_shown / total_s, 1),
        "reading_share": round(reading_s / total_s, 4),
    }


def _timed(
    ready: TrainingPlan, batches: TimedBatches, folder: Path, machine: Machine
) -> list[tuple[float, float]]:
    """After every step: seconds of all, and of reading."""
    marks: list[tuple[float, float]] = []

    def on_step(_step: object) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        marks.append((time.perf_counter(), batches.time_s))

    ready.run(batches, folder, on_step, lambda _generator, _step: None, machine)
    return marks


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.training_speed", description=__doc__)
    options.add_argument("--families", nargs="+", default=["stylegan2", "light", "dcgan", "vae"])
    options.add_argument("--sizes", nargs="+", type=int, default=[64])
    options.add_argument("--steps", type=int, default=25)
    options.add_argument("--threads", type=int)
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    asked = options.parse_args(arguments)
    if asked.threads:
        torch.set_num_threads(asked.threads)
    results = []
    with tempfile.TemporaryDirectory() as folder, Machine.for_training() as machine:
        for size_px in asked.sizes:
            for family in asked.families:
                found = measured(family, size_px, asked.steps, Path(folder), machine)
                if found:
                    results.append(found)
                    print(found, flush=True)
    if results:
        write_json(asked.out / "training-speed.json", results)


if __name__ == "__main__":
    main()
