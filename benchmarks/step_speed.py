"""Processor time of a step of adversarial training, both players, against another checkout in pairs.

``python -m benchmarks.step_speed`` takes steps of StyleGAN2 at 64 px (batches of 8, R1 every 16th step, path
length every 8th) on drawn portraits, with one thread. ``--against FOLDER`` measures a checkout of Partly in
that folder too: each in a process of its own, which take the same steps by turns (A B, B A, ...), so that
what changes on the machine is in both. Told is the ratio of the time of all steps, below 1 where this
checkout is faster, and the quartiles of the ratios of single steps. Processor time is what a step costs; the
time on the wall also tells what else runs on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

_FAMILIES = ("stylegan2", "light", "dcgan")
_BATCH_SIZE, _PATH_LENGTH_EVERY, _PENALTY_EVERY = 8, 8, 16
_HERE = Path(__file__).resolve().parents[1]


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.step_speed", description=__doc__)
    options.add_argument("--families", nargs="+", choices=_FAMILIES, default=["stylegan2"])
    options.add_argument("--size", type=int, default=64, help="side of the pictures, in pixels")
    options.add_argument(
        "--steps", type=int, default=_PENALTY_EVERY, help="steps that count, after a first one"
    )
    options.add_argument("--against", type=Path, help="folder of another checkout")
    options.add_argument("--rounds", type=int, default=1, help="how often all of it is done")
    options.add_argument("--before", default="", help="words before the commands, such as 'chrt -r 1'")
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    options.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = options.parse_args(arguments)
    if asked.one:
        take_steps(asked.families[0], asked.size, asked.steps)
        return
    found = {}
    for family in asked.families:
        rounds = [_times(family, asked) for _round in range(asked.rounds)]
        found[family] = {name: _figures([one[i] for one in rounds]) for i, name in ((0, "all"), (1, "plain"))}
        print(f"{family}: {found[family]}", flush=True)
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "step-speed.json").write_text(json.dumps(found, indent=1))


def take_steps(family: str, size_px: int, n_steps: int) -> None:
    """Take a first step, and ``n_steps`` more, each when a line comes in.

    After every step a line goes out, in JSON: its processor seconds, and whether it is plain, without lazy
    penalties. Sixteen steps have R1 once and path length twice, as often as they come.
    """
    import torch

    from partly.data.portraits import portrait_set
    from partly.losses import Lazy, PathLength
    from partly.machine import keep_large_tensors
    from partly.training.adversarial import SquareBatches, train_gan
    from partly.training.recipes import choices_for, training_plan

    torch.set_num_threads(1)
    keep_large_tensors()  # as `partly train` does
    choices: Any = choices_for(size_px=size_px, family=family)
    is_stylegan2 = family == "stylegan2"
    plan: Any = training_plan(replace(choices, batch_size=_BATCH_SIZE) if is_stylegan2 else choices)
    players, config = plan.players, replace(plan.config, n_steps=1 + n_steps)
    if is_stylegan2:
        players = replace(players, generator_penalties=(Lazy(PathLength(), _PATH_LENGTH_EVERY),))
    lazy = {one.every for one in (*players.discriminator_penalties, *players.generator_penalties)} - {1}
    began = time.process_time()

    def on_step(report: Any) -> None:
        nonlocal began
        is_plain = all((report.step - 1) % every for every in lazy)
        print(json.dumps([time.process_time() - began, is_plain]), flush=True)
        input()
        began = time.process_time()

    with tempfile.TemporaryDirectory() as folder:
        photos = portrait_set(config.batch_size, size_px, 0, Path(folder))
        train_gan(players, SquareBatches(photos, config.batch_size), config, on_step=on_step)


StepTimes = list[list[float]]
"""Of each step, the seconds of this checkout, and those of the other where there is one."""


def _times(family: str, asked: argparse.Namespace) -> tuple[StepTimes, StepTimes]:
    """Of all steps, and of those without lazy penalties."""
    folders = [_HERE] if asked.against is None else [_HERE, asked.against]
    with ExitStack() as stack:
        started = [stack.enter_context(_started(folder, family, asked)) for folder in folders]
        for process in started:
            process.read()
        every, plain = [], []
        for number in range(asked.steps):
            # A B, B A: what changes slowly on the machine is in both.
            order = started if number % 2 == 0 else started[::-1]
            told = {process: process.step() for process in order}
            every.append([told[process][0] for process in started])
            if told[started[0]][1]:
                plain.append(every[-1])
        for process in started:
            process.go_on()
    return every, plain


class _Process:
    """A process that takes steps one by one."""

    def __init__(self, running: subprocess.Popen[str]) -> None:
        self._running = running

    def go_on(self) -> None:
        assert self._running.stdin is not None
        self._running.stdin.write("\n")
        self._running.stdin.flush()

    def read(self) -> Any:
        assert self._running.stdout is not None
        line = self._running.stdout.readline()
        if not line:
            raise SystemExit(f"a process ended with {self._running.wait()} before its steps were taken")
        return json.loads(line)

    def step(self) -> Any:
        self.go_on()
        return self.read()


@contextmanager
def _started(folder: Path, family: str, asked: argparse.Namespace) -> Iterator[_Process]:
    """This very file, in a process that imports Partly from a checkout."""
    command = [*asked.before.split(), sys.executable, str(Path(__file__).resolve()), "--one"]
    command += ["--families", family, "--size", str(asked.size), "--steps", str(asked.steps)]
    variables = os.environ | {"PYTHONPATH": str(folder.resolve() / "src"), "OMP_NUM_THREADS": "1"}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=variables, **pipes) as running:
        try:
            yield _Process(running)
        except BaseException:
            running.kill()
            raise


def _figures(rounds: Sequence[StepTimes]) -> dict[str, Any]:
    """Mean seconds of a step in each checkout; and where there are two, how they compare."""
    steps = [pair for one in rounds for pair in one]
    figures: dict[str, Any] = {"seconds": [round(sum(s) / len(steps), 3) for s in zip(*steps, strict=True)]}
    if len(steps[0]) == 2:
        of_rounds = [sum(here for here, _ in one) / sum(other for _, other in one) for one in rounds]
        of_steps = [here / other for here, other in steps]
        figures["ratio"] = round(statistics.median(of_rounds), 3)
        figures["ratios of rounds"] = [round(ratio, 3) for ratio in of_rounds]
        figures["quartiles of steps"] = [round(ratio, 3) for ratio in statistics.quantiles(of_steps, n=4)]
    return figures


if __name__ == "__main__":
    main()
