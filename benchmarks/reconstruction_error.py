"""Minimum reconstruction error and kernel distance of several generators: do they order them alike?

``python -m benchmarks.reconstruction_error PHOTOS HELD_OUT GENERATOR...`` measures each GENERATOR (a model
folder, a project, or a name that ``partly get`` knows) against PHOTOS, which it was trained on, and HELD_OUT
photos of the same kind. A table shows errors, LPIPS and kernel distance, the best generator first; a sentence
says whether errors and kernel distances order the generators alike. What is found is kept in the cache, and
each generator has a page in ``bench-out/mre``. The same command goes on after a stop.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from partly.evaluation.metrics import GeneratorEvaluation
from partly.machine import Machine, MachineOptions
from partly.project import (
    GeneratorEvaluationChoices,
    evaluate_generator_against,
    write_generator_evaluation,
)
from partly.storage import write_json


@dataclass(frozen=True)
class Measured:
    """What was measured of a generator; errors and distances with their standard errors.

    Attributes:
        name: of the generator.
        held_out, training: minimum reconstruction errors.
        distance: of held-out photos and their nearest pictures, as a network sees them.
        kernel: kernel distance; KID with Inception's features.
    """

    name: str
    held_out: tuple[float, float]
    training: tuple[float, float]
    distance: float
    kernel: tuple[float, float]

    @classmethod
    def of(cls, name: str, evaluation: GeneratorEvaluation) -> Measured:
        """The figures of an evaluation that has held-out photos."""
        found = evaluation.reconstruction
        assert found is not None
        assert found.held_out is not None
        kernel = evaluation.figures.kernel
        return cls(
            name,
            (found.held_out.mean, found.held_out.standard_error),
            (found.training.mean, found.training.standard_error),
            found.held_out.distance,
            (kernel.mean, kernel.standard_error),
        )


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.reconstruction_error", description=__doc__)
    options.add_argument("photos", type=Path, help="folder or zip that the generators were trained on")
    options.add_argument("held_out", type=Path, help="folder or zip that they were not trained on")
    options.add_argument("generators", nargs="+")
    options.add_argument("--n", type=int, default=50, help="photos of each set that are searched for")
    options.add_argument("--steps", type=int, default=300)
    options.add_argument("--starts", type=int, default=3)
    options.add_argument("--pictures", type=int, default=2000)
    options.add_argument("--features", default="builtin", help="builtin or inception")
    options.add_argument("--device", default="cpu")
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    asked = options.parse_args(arguments)
    if asked.device == "cpu":
        torch.set_num_threads(1)
    measured = [measure(what, asked) for what in asked.generators]
    told = verdict(measured)
    Console().print(table(measured))
    print(told)
    write_json(asked.out / "reconstruction-error.json", report(measured, asked, told))


def measure(what: str, asked: argparse.Namespace) -> Measured:
    """Figures of one generator; its page is written beside those of the others."""
    choices = GeneratorEvaluationChoices(
        n_pictures=asked.pictures,
        features=asked.features,
        held_out=asked.held_out,
        n_reconstructed=asked.n,
        n_mre_steps=asked.steps,
        n_mre_starts=asked.starts,
    )
    machine = Machine.for_inference(MachineOptions(device=asked.device).for_figures)
    evaluation = evaluate_generator_against(
        what,
        asked.photos,
        choices,
        machine=machine,
        on_note=lambda note: print(f"{what}: {note}", flush=True),
    )
    name = Path(what).name
    write_generator_evaluation(asked.out / "mre" / name, evaluation, what, asked.photos, choices)
    return Measured.of(name, evaluation)


def verdict(measured: Sequence[Measured]) -> str:
    """Whether errors and kernel distances order the generators alike, as far as they tell them apart."""
    if len(measured) < 2:
        return "One generator has no order."
    alike, otherwise, unsure = [], [], []
    for a, b in combinations(measured, 2):
        by_error = _told_apart(a.held_out, b.held_out)
        by_kernel = _told_apart(a.kernel, b.kernel)
        pair = f"{a.name} and {b.name}"
        if not by_error or not by_kernel:
            unsure.append(pair)
        else:
            (alike if by_error == by_kernel else otherwise).append(pair)
    said = [
        f"MRE and kernel distance order {len(alike)} of {len(alike) + len(otherwise) + len(unsure)} pairs of "
        "generators alike."
    ]
    if otherwise:
        said.append(f"They disagree about {'; '.join(otherwise)}.")
    if unsure:
        said.append(f"Within twice the standard error of the difference: {'; '.join(unsure)}.")
    return " ".join(said)


def _told_apart(a: tuple[float, float], b: tuple[float, float]) -> int:
    """-1 where the first is less, 1 where it is more, 0 where they cannot be told apart."""
    difference = a[0] - b[0]
    if not abs(difference) > 2 * (a[1] ** 2 + b[1] ** 2) ** 0.5:
        return 0
    return 1 if difference > 0 else -1


def table(measured: Sequence[Measured]) -> Table:
    """A line for each generator, the one with the least error first."""
    shown = Table()
    columns = ("generator", "MRE, held out", "MRE, training", "gap", "distance", "kernel distance x 1000")
    for i, name in enumerate(columns):
        shown.add_column(name, justify="left" if i == 0 else "right")
    for one in sorted(measured, key=lambda of: of.held_out[0]):
        shown.add_row(
            one.name,
            _with_error(one.held_out),
            _with_error(one.training),
            f"{one.held_out[0] - one.training[0]:+.4f}",
            f"{one.distance:.4f}",
            f"{1000 * one.kernel[0]:.2f} ± {1000 * one.kernel[1]:.2f}",
        )
    return shown


def _with_error(value: tuple[float, float]) -> str:
    return f"{value[0]:.4f} ± {value[1]:.4f}"


def report(measured: Sequence[Measured], asked: argparse.Namespace, told: str) -> dict[str, Any]:
    """What is kept of a run: settings, figures, verdict."""
    settings = {name: str(value) if isinstance(value, Path) else value for name, value in vars(asked).items()}
    return json.loads(json.dumps({**settings, "measured": [vars(one) for one in measured], "verdict": told}))


if __name__ == "__main__":
    main()
