"""Trainings on MNIST for benchmarks, and the network that names digits; what was done is not done again."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save
from torch import nn

from benchmarks.digits import Digits, named, new_classifier, read_digits, train_classifier
from partly.data.photos import PhotoClasses, PhotoSet, classes_of, find_photos, make_photo_set, read_classes
from partly.errors import BadPhoto
from partly.models.generators import GeneratorFamily
from partly.storage import write_bytes
from partly.training.adversarial import SquareBatches
from partly.training.recipes import (
    PlanStep,
    TrainingChoices,
    TrainingPlan,
    condition_batches,
    training_plan,
    with_defaults,
)

DIGITS = tuple("0123456789")
PHOTOS, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
_TELL_EVERY = 200
TEST_PHOTOS, TEST_LABELS = "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"


@dataclass(frozen=True, eq=False)
class LearnedFrom:
    """The digits that networks learn from.

    Attributes:
        photos: squares.
        classes: of them.
    """

    photos: PhotoSet
    classes: PhotoClasses

    @staticmethod
    def read(data: Path, out: Path, size_px: int) -> LearnedFrom:
        """The 60,000 digits of MNIST in ``data``; their squares are kept in ``out``.

        Raises:
            BadPhoto: a file is missing.
        """
        for name in (PHOTOS, LABELS, TEST_PHOTOS, TEST_LABELS):
            if not (data / name).is_file():
                raise BadPhoto("is not there", expected="the four files of MNIST", path=data / name)
        sources = find_photos(data / PHOTOS)
        photos = make_photo_set(sources, out / "digits", size_px)
        return LearnedFrom(photos, classes_of(photos.names, read_classes(data / LABELS, sources)))

    @property
    def digits(self) -> Digits:
        """For the classifier."""
        images = torch.from_numpy(self.photos.squares[..., 0].copy())[:, None].float() / 127.5 - 1
        return Digits(images, torch.from_numpy(self.classes.indexes))


@dataclass(frozen=True, eq=False)
class TrainedPlayers:
    """What a training gave.

    Attributes:
        generator: with averaged weights.
        discriminator: as it was at the end.
    """

    generator: GeneratorFamily
    discriminator: nn.Module


ChangePlan = Callable[[TrainingPlan], TrainingPlan]


def _as_it_is(plan: TrainingPlan) -> TrainingPlan:
    return plan


def trained_players(
    choices: TrainingChoices,
    learned_from: LearnedFrom,
    folder: Path,
    on_step: Callable[[PlanStep], None] = lambda _: None,
    change: ChangePlan = _as_it_is,
) -> TrainedPlayers:
    """As :func:`trained_generator`, of a family with a discriminator."""
    generator, plan = trained_generator(choices, learned_from, folder, on_step, change)
    return TrainedPlayers(generator, plan.players.discriminator)  # type: ignore[attr-defined]


def trained_generator(
    choices: TrainingChoices,
    learned_from: LearnedFrom,
    folder: Path,
    on_step: Callable[[PlanStep], None] = lambda _: None,
    change: ChangePlan = _as_it_is,
) -> tuple[GeneratorFamily, TrainingPlan]:
    """Train as ``partly train`` does, but without its pictures and measures; after a stop it goes on.

    Args:
        choices: of any family.
        learned_from: the digits.
        folder: of checkpoints and log, and of the generator.
        on_step: called after every step.
        change: of the family's plan, as to other networks.

    Returns:
        The generator, with averaged weights, and the plan, whose networks were trained.
    """
    full = with_defaults(choices)
    classes = None if getattr(full, "classes", None) is None else learned_from.classes
    plan = change(training_plan(full, classes.names if classes else ()))
    batches = SquareBatches(
        learned_from.photos,
        plan.batch_size,
        full.seed,
        mirror=full.mirror,
        classes=classes,
        **condition_batches(full),
    )
    trained = plan.run(batches, folder / "training", on_step, lambda *_: None).generator
    assert isinstance(trained, GeneratorFamily)
    trained.save(folder / "generator", {})
    return trained, plan


def digits_options(name: str, description: str | None, out: str) -> argparse.ArgumentParser:
    """The options that benchmarks of trainings on MNIST have in common.

    Args:
        name: of the benchmark.
        description: its docstring.
        out: folder in ``bench-out``.
    """
    options = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=description)
    options.add_argument("--data", type=Path, required=True, help="folder of MNIST in IDX form")
    options.add_argument("--photos-shown", type=int, default=200_000, help="to each training")
    options.add_argument("--rounds", type=int, default=3, help="through all digits, of the naming network")
    options.add_argument("--pictures", type=int, default=2000)
    options.add_argument("--out", type=Path, default=Path("bench-out") / out)
    return options


def print_now_and_then(step: PlanStep) -> None:
    """Print every two hundredth step of a training."""
    if step.step % _TELL_EVERY == 0:
        print(f"{step.step} of {step.n_steps}: {step.figures}", flush=True)


def digit_reader(data: Path, out: Path, learned_from: LearnedFrom, n_rounds: int) -> tuple[nn.Module, float]:
    """The network that names digits, learned from real ones, and the share of the test digits it is right on.

    Args:
        data: the folder of MNIST.
        out: where the network is kept, with what else is made.
        learned_from: the digits.
        n_rounds: through all of them.
    """
    out.mkdir(parents=True, exist_ok=True)
    size_px = learned_from.photos.squares.shape[1]
    file = out / f"classifier-{size_px}px-{n_rounds}-rounds.safetensors"
    if file.is_file():
        network: nn.Module = new_classifier(size_px, len(DIGITS)).eval()
        network.load_state_dict(load_file(file))
    else:
        network = train_classifier(learned_from.digits, len(DIGITS), n_rounds)
        write_bytes(file, save(network.state_dict()))
    return network, agreement(network, unseen_digits(data, size_px))


def unseen_digits(data: Path, size_px: int) -> Digits:
    """The 10,000 digits that nothing learned from."""
    return read_digits(data / TEST_PHOTOS, data / TEST_LABELS, DIGITS, size_px)


def agreement(network: nn.Module, digits: Digits) -> float:
    """The share of digits that a network names as what they are."""
    return float((named(network, digits.images) == digits.classes).float().mean())
