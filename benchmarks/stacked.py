"""Whether small then large pays: a second stage on a small generator, beside one generator of the full size.

``python -m benchmarks.stacked PHOTOS OUT --seconds 3600 --size 64 --small-size 32`` takes the same processor
time, in one thread, for both: once for a generator of ``--family`` of the full size, once for a small one
(``--small-share`` of the time) and a second stage on it. All learn from the same photos; others, which none
has seen, are what pictures are compared with, by kernel distance (KID, where ``--judge inception``). Beside
them stands the small generator with its pictures enlarged, which is what a second stage begins with. OUT
holds ``stacked.json`` at the end. The same command goes on after a stop.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from benchmarks.photo_judge import by_chance, distance_from, judge_and_others
from partly.data.photos import PhotoSet, find_photos, make_photo_set
from partly.machine import PROCESSOR, keep_large_tensors
from partly.models.generators import GeneratorFamily, StackedGenerator, StackedShape
from partly.models.zoo import load_generator
from partly.storage import read_json_or_none, write_json
from partly.training.adversarial import SquareBatches
from partly.training.chassis import Others, Verdict
from partly.training.recipes import TrainingChoices, choices_for, training_plan, with_defaults

MOST_SHOWN = 10_000_000
"""Photos, which no training here comes to: its time ends it."""


class ProcessorTime:
    """The watch of a training that may take so many seconds of processor time, all sittings together.

    Args:
        limit_s: of it.
        every: steps between two looks.

    Attributes:
        every, identity: see :class:`partly.training.chassis.Watch`.
    """

    def __init__(self, limit_s: float, every: int) -> None:
        self.every = every
        self.identity: Mapping[str, Any] = {"processor time": limit_s}
        self._limit_s, self._before_s, self._since_s = limit_s, 0.0, time.process_time()

    @property
    def used_s(self) -> float:
        """Of all sittings."""
        return self._before_s + time.process_time() - self._since_s

    def look(self, model: nn.Module, n_done: int, others: Others) -> Verdict:  # noqa: ARG002
        """End it where the time is over."""
        return Verdict(ends=self.used_s >= self._limit_s)

    def state(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """As :class:`partly.training.chassis.Watch`."""
        return {"used_s": self.used_s}, {}

    def go_on(self, values: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Verdict:  # noqa: ARG002
        """As :class:`partly.training.chassis.Watch`."""
        self._before_s, self._since_s = float(values["used_s"]), time.process_time()
        return Verdict(ends=self._before_s >= self._limit_s)


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.stacked", description=__doc__)
    options.add_argument("photos", type=Path, help="folder, zip or IDX file")
    options.add_argument("out", type=Path)
    options.add_argument("--seconds", type=float, default=3600, help="of processor time, for each of both")
    options.add_argument("--small-share", type=float, default=0.5, help="of that, for the small generator")
    options.add_argument("--family", default="light")
    options.add_argument("--size", type=int, default=64)
    options.add_argument("--small-size", type=int, default=32)
    options.add_argument("--batch", type=int, default=None)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--no-mirror", action="store_true")
    options.add_argument("--look-every", type=int, default=250, help="steps between looks at the time")
    options.add_argument("--judge", default="builtin", help="feature network")
    options.add_argument("--judge-photos", type=int, default=2000, help="at most a fifth of all")
    options.add_argument("--pictures", type=int, default=2000)
    asked = options.parse_args(arguments)
    torch.set_num_threads(1)
    keep_large_tensors()
    found = run(asked)
    write_json(asked.out / "stacked.json", found)
    Console().print(table_of(found))


def run(asked: argparse.Namespace) -> dict[str, Any]:
    """Train all three, and judge them."""
    plain = trained(asked, "plain", asked.family, asked.size, asked.seconds)
    small = trained(asked, "small", asked.family, asked.small_size, asked.small_share * asked.seconds)
    rest_s = asked.seconds - small["processor_s"]
    on_small = {"stack_on": str(asked.out / "small" / "generator")}
    stacked = trained(asked, "stacked", "stacked", asked.size, rest_s, **on_small)
    judge = photos_of(asked, asked.size)[1]
    small_generator = generator_of(asked, "small")
    enlarged = StackedGenerator(StackedShape.on(small_generator, asked.size))
    enlarged.small.load_state_dict(small_generator.state_dict())
    return {
        "photos": str(asked.photos),
        "family": asked.family,
        "size_px": asked.size,
        "small_size_px": asked.small_size,
        "seed": asked.seed,
        "judge": asked.judge,
        "plain": plain | judged(asked, judge, generator_of(asked, "plain")),
        "stacked": stacked
        | judged(asked, judge, generator_of(asked, "stacked"))
        | {"processor_s": small["processor_s"] + stacked["processor_s"]},
        "small, enlarged": small | judged(asked, judge, enlarged.eval().requires_grad_(False)),
    }


def photos_of(asked: argparse.Namespace, size_px: int) -> tuple[PhotoSet, PhotoSet]:
    """Photos to learn from, and others for the judge, the same ones at every size."""
    photos = make_photo_set(find_photos(asked.photos), asked.out / f"photos-{size_px}", size_px)
    judge, others = judge_and_others(photos, by_chance(photos, asked.seed), asked.judge_photos)
    return others, judge


def trained(
    asked: argparse.Namespace, name: str, family: str, size_px: int, limit_s: float, **more: Any
) -> dict[str, Any]:
    """Train one generator and keep it as a model folder; what it took. A finished one is not made again."""
    folder = asked.out / name
    known = read_json_or_none(folder / "took.json")
    if known is not None:
        return dict(known)
    choices = with_defaults(
        choices_for(
            family,
            size_px=size_px,
            batch_size=asked.batch,
            n_photos_shown=MOST_SHOWN,
            mirror=not asked.no_mirror,
            seed=asked.seed,
            **more,
        )
    )
    watch = ProcessorTime(limit_s, asked.look_every)
    learned, _ = photos_of(asked, size_px)
    ready = training_plan(choices)
    batches = SquareBatches(learned, ready.batch_size, choices.seed, mirror=choices.mirror)
    (folder / "training").mkdir(parents=True, exist_ok=True)
    done = ready.run(batches, folder / "training", _silent, _silent, PROCESSOR, watch)
    assert isinstance(done.generator, GeneratorFamily)
    done.generator.save(folder / "generator", {})
    took = {
        "n_photos_shown": done.n_steps * ready.n_shown_a_step,
        "processor_s": round(watch.used_s, 2),
        **_described(choices),
    }
    write_json(folder / "took.json", took)
    print(f"{name}: {took['n_photos_shown']} photos shown in {took['processor_s']} s", flush=True)
    return took


def judged(asked: argparse.Namespace, photos: PhotoSet, generator: GeneratorFamily) -> dict[str, Any]:
    """Kernel distance of pictures from photos that were not learned from."""
    found = distance_from(photos, generator, asked.judge, asked.out / "features", asked.pictures)
    return {"kernel_x_1000": 1000 * found.mean, "kernel_error_x_1000": 1000 * found.standard_error}


def generator_of(asked: argparse.Namespace, name: str) -> GeneratorFamily:
    generator = load_generator(str(asked.out / name / "generator"))
    assert isinstance(generator, GeneratorFamily)
    return generator


def table_of(found: Mapping[str, Any]) -> Table:
    """A line for each generator."""
    shown = Table(caption=f"{found['family']}, {found['size_px']} px; judged by {found['judge']} features")
    for title in ("generator", "photos shown", "processor s", "kernel distance x 1000"):
        shown.add_column(title, justify="left" if title == "generator" else "right")
    names = {
        "plain": f"one of {found['size_px']} px",
        "stacked": f"{found['small_size_px']} px, then {found['size_px']} px",
        "small, enlarged": f"{found['small_size_px']} px alone, enlarged",
    }
    for key, name in names.items():
        one = found[key]
        distance = f"{one['kernel_x_1000']:.2f} ± {one['kernel_error_x_1000']:.2f}"
        shown.add_row(name, str(one["n_photos_shown"]), f"{one['processor_s']:.0f}", distance)
    return shown


def _described(choices: TrainingChoices) -> dict[str, Any]:
    return {"family": choices.family, "size_px": choices.size_px, "batch_size": choices.batch_size}


def _silent(*_: object) -> None:
    """Steps and checkpoints go unsaid."""


if __name__ == "__main__":
    main()
