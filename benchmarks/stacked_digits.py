"""How many of a thousand modes a generator finds: stacked MNIST (Metz et al., ICLR 2017, section 3.3.1).

``python -m benchmarks.stacked_digits --data FOLDER --variant NAME ... --seeds 3`` trains DCGAN of 32 px with
each objective on photos whose three colours are three random digits, so that there are a thousand kinds
of them, all equally frequent. A network that learned from real digits names the three digits of 26,000
pictures, as many as the literature takes. Told are

- the modes found: the kinds that are shown once or more; and those shown by pictures of which the network is
  sure, since smears are named at random and would find modes too;
- the divergence, in nats, of the pictures' kinds from all equally frequent ones.

Beside them stand the same figures of 26,000 stacks of real digits that nothing learned from. Trainings have
one length in photos shown, or, with ``--minutes``, in processor time. ``hinge:gamma=30`` is an objective with
another choice of ``partly train``. A training that was stopped goes on, and what is finished is not made
again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from experiments.training_study import Variant
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.processor_time import StepClock, photos_of_budget
from benchmarks.trained_digits import (
    DIGITS,
    LearnedFrom,
    digit_reader,
    digits_options,
    print_now_and_then,
    unseen_digits,
)
from partly.errors import TrainingDiverged
from partly.evaluation.generators import make_pictures
from partly.models.generators import Generator, GeneratorFamily
from partly.storage import read_json_or_none, step_seed, write_json
from partly.training.adversarial import PhotoBatch
from partly.training.recipes import OBJECTIVES, TrainingPlan, choices_for, training_plan, with_defaults

SIZE_PX, N_MODES = 32, len(DIGITS) ** 3
N_PICTURES = 26_000
_SURE = 0.9
_SEED = 2026
_NAMED_AT_ONCE = 500
_TIMES = "seconds-a-step.json"


class StackedDigits:
    """Batches of three random digits each, as red, green and blue.

    Args:
        squares: uint8 ``[n, s, s]``, the digits.
        digest: of them.
        batch_size: stacks in a batch.
        seed: of what is drawn.
    """

    condition_width = 0

    def __init__(self, squares: NDArray[np.uint8], digest: str, batch_size: int, seed: int) -> None:
        self._squares, self._batch_size, self._seed = squares, batch_size, seed
        self.digest = f"{digest}, stacked, {batch_size} a batch, seed {seed}"

    def read(self, number: int) -> PhotoBatch:
        """Batch ``number``: photos ``[b, 3, s, s]`` in [-1, 1]."""
        random = torch.Generator().manual_seed(step_seed("stacked digits", self._seed, number))
        places = torch.randint(len(self._squares), (self._batch_size, 3), generator=random)
        stacks = torch.from_numpy(self._squares[places.numpy()])
        return PhotoBatch.without_condition(stacks.float() / 127.5 - 1)


@dataclass(frozen=True, eq=False)
class NamedStacks:
    """Which digits stacks show.

    Attributes:
        modes: int64 ``[n]`` from 0 to 999, the three digits read as a number.
        sureness: ``[n]``, the probability that the network gives to the digit that it is least sure of.
    """

    modes: Tensor
    sureness: Tensor

    def figures(self) -> dict[str, Any]:
        """Modes found, their divergence from all equally frequent, and how sure the network is."""
        sure = self.modes[self.sureness >= _SURE]
        return {
            "modes": len(self.modes.unique()),
            "modes surely": len(sure.unique()),
            "divergence, nats": round(divergence_from_uniform(self.modes, N_MODES), 4),
            "sure of, share": round(len(sure) / len(self.modes), 4),
        }


def divergence_from_uniform(modes: Tensor, n_modes: int) -> float:
    """Kullback-Leibler divergence of the modes' frequencies from ``1 / n_modes`` each, in nats.

    Also of modes that are equally frequent it is about ``(n_modes - 1) / (2 n)``, since ``n`` draws are not.
    """
    shares = torch.bincount(modes, minlength=n_modes).double() / len(modes)
    return float(torch.special.xlogy(shares, shares * n_modes).sum())


@torch.no_grad()
def named_stacks(reader: nn.Module, stacks: Tensor) -> NamedStacks:
    """What the network that names digits sees in stacks ``[n, 3, s, s]`` in [-1, 1]."""
    shares, places = reader(stacks.flatten(0, 1)[:, None]).softmax(1).max(1)
    hundreds = torch.tensor([100, 10, 1])
    return NamedStacks((places.view(-1, 3) * hundreds).sum(1), shares.view(-1, 3).amin(1))


def _joined(parts: Sequence[NamedStacks]) -> NamedStacks:
    return NamedStacks(torch.cat([p.modes for p in parts]), torch.cat([p.sureness for p in parts]))


def named_pictures(reader: nn.Module, generator: Generator, n_pictures: int) -> NamedStacks:
    """What is seen in pictures of a generator, not truncated."""
    made = make_pictures(generator, _SEED, range(n_pictures))
    images = (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1 for pixels in made)
    return _joined([named_stacks(reader, some) for some in images])


def named_real_stacks(reader: nn.Module, data: Path, n_stacks: int) -> NamedStacks:
    """What is seen in stacks of real digits that nothing learned from."""
    images = unseen_digits(data, SIZE_PX).images[:, 0]
    random = torch.Generator().manual_seed(_SEED)
    places = torch.randint(len(images), (n_stacks, 3), generator=random)
    return _joined([named_stacks(reader, images[some]) for some in places.split(_NAMED_AT_ONCE)])


@dataclass(frozen=True, eq=False)
class StackedTrainings:
    """Trainings on stacked digits.

    Attributes:
        squares: uint8 ``[n, s, s]``, the digits.
        digest: of them.
        out: folder of all trainings.
    """

    squares: NDArray[np.uint8]
    digest: str
    out: Path

    def plan(self, variant: Variant, seed: int, n_shown: int) -> tuple[TrainingPlan, StackedDigits]:
        """A training, and what it learns from."""
        choices = choices_for(
            size_px=SIZE_PX,
            mirror=False,
            objective=variant.objective,
            n_photos_shown=n_shown,
            seed=seed,
            **{"family": "dcgan"} | variant.options,
        )
        plan = training_plan(with_defaults(choices))
        return plan, StackedDigits(self.squares, self.digest, plan.batch_size, seed)

    def n_shown_in(self, variant: Variant, minutes: float) -> int:
        """How many photos so many processor minutes can show, by a timing that is kept."""
        return photos_of_budget(self.out / _TIMES, variant.text, minutes, partial(self.plan, variant, 0))

    def figures(
        self, variant: Variant, seed: int, n_shown: int, reader: nn.Module, n_pictures: int
    ) -> dict[str, Any]:
        """Train, or go on, and judge; what was finished is read."""
        folder = self.out / f"{variant.key}-seed-{seed}-{n_shown}"
        file = folder / f"figures-{n_pictures}.json"
        if (known := read_json_or_none(file)) is not None:
            return known
        plan, batches = self.plan(variant, seed, n_shown)
        clock = StepClock(folder / "clock.json")

        def on_step(step: Any) -> None:
            clock(step)
            print_now_and_then(step)

        found: dict[str, Any]
        try:
            trained = plan.run(batches, folder / "training", on_step, lambda *_: None).generator
            assert isinstance(trained, GeneratorFamily)
            trained.save(folder / "generator", {})
            found = named_pictures(reader, trained, n_pictures).figures()
        except TrainingDiverged as error:
            found = {"diverged": str(error)}
        seconds = clock.seconds_a_step
        figures = {
            "variant": variant.text,
            "seed": seed,
            "shown": n_shown,
            "steps": plan.n_steps,
            "processor seconds a step": None if seconds is None else round(seconds, 4),
            **found,
        }
        write_json(file, figures)
        return figures


def run(
    data: Path,
    out: Path,
    variants: Sequence[Variant],
    seeds: Sequence[int],
    n_shown: int,
    n_rounds: int,
    n_pictures: int,
    minutes: float | None = None,
) -> dict[str, Any]:
    """Train, judge, and write ``stacked-digits.json`` after each training; the figures.

    Args:
        data: folder of MNIST.
        out: folder of all that is made.
        variants: to train.
        seeds: of the trainings of each.
        n_shown: photos shown to each.
        n_rounds: through all digits, of the network that names them.
        n_pictures: that are named.
        minutes: of processor time of each training, in place of ``n_shown``; None: that counts.
    """
    learned_from = LearnedFrom.read(data, out, SIZE_PX)
    reader, right = digit_reader(data, out, learned_from, n_rounds)
    print(f"the network that names digits is right on {right:.2%} of the test digits", flush=True)
    real = named_real_stacks(reader, data, n_pictures).figures()
    print(f"real digits: {real}", flush=True)
    squares = np.ascontiguousarray(learned_from.photos.squares[..., 0])
    trainings = StackedTrainings(squares, learned_from.photos.digest, out)
    file = out / "stacked-digits.json"
    results = (read_json_or_none(file) or {}).get("trainings", {})
    for seed in seeds:
        for variant in variants:
            shown = n_shown if minutes is None else trainings.n_shown_in(variant, minutes)
            figures = trainings.figures(variant, seed, shown, reader, n_pictures)
            results[f"{variant.text}, {shown} shown, seed {seed}, {n_pictures} pictures"] = figures
            write_json(
                file,
                {"named as real digits are": round(right, 4), "real digits": real, "trainings": results},
            )
            print(f"{variant.text}, seed {seed}: {figures}", flush=True)
    return {"real digits": real, "trainings": results}


def main() -> None:
    options = digits_options("stacked_digits", __doc__, "stacked-digits")
    options.add_argument(
        "--variant",
        nargs="+",
        type=Variant.parse,
        default=[*map(Variant.parse, OBJECTIVES)],
        metavar="OBJECTIVE[:NAME=VALUE,...]",
        help="all objectives without it",
    )
    options.add_argument(
        "--minutes", type=float, help="of processor time of each, in place of --photos-shown"
    )
    options.add_argument("--seeds", type=int, default=1, help="trainings of each")
    options.set_defaults(pictures=N_PICTURES)
    arguments = options.parse_args()
    torch.set_num_threads(1)
    run(
        arguments.data,
        arguments.out,
        arguments.variant,
        range(arguments.seeds),
        arguments.photos_shown,
        arguments.rounds,
        arguments.pictures,
        arguments.minutes,
    )


if __name__ == "__main__":
    main()
