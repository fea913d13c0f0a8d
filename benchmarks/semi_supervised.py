"""Digits named by a discriminator that has seen few labels (Salimans et al., NIPS 2016, section 5).

``python -m benchmarks.semi_supervised --data FOLDER --labels 100`` trains on MNIST's photos, of which as many
of each digit have labels, and prints how many of the 10,000 test digits are named wrongly. The generator
matches features, and digits are named by the discriminator's averaged weights. The paper's players are
``--networks fully-connected``, which take many more steps than convolutional ones. Photos are shown moved by
up to ``--shift`` pixels, at random: a few labels last longer so (the paper's: ``--shift 0``). It may be
stopped and goes on; ``--steps`` may grow. FOLDER has the four files of MNIST, in IDX form.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.digit_networks import (
    DIGIT_PX,
    N_CLASSES,
    Convolutional,
    FullyConnected,
    NamingDiscriminator,
    SmallGenerator,
)
from benchmarks.digits import Digits, read_digits
from partly.losses import SemiSupervised
from partly.models.generators import GeneratorFamily, MLPGenerator, MLPShape
from partly.storage import step_seed, write_json
from partly.training.adversarial import GanConfig, GanPlayers, PhotoBatch, train_gan

_N_MEASURED = 300  # digits that set first weights


class Players(NamedTuple):
    """Both networks of a training, and how it shows photos.

    Attributes:
        generator: makes digits.
        network: the discriminator, which names them.
        n_labelled: photos with labels in a step.
        n_unlabelled: photos without.
        rate: learning rate of both.
    """

    generator: GeneratorFamily
    network: NamingDiscriminator
    n_labelled: int
    n_unlabelled: int
    rate: float


def _fully_connected(_digits: Digits) -> Players:
    return Players(MLPGenerator(MLPShape(DIGIT_PX, hidden=(500, 500))), FullyConnected(), 50, 100, 3e-3)


def _convolutional(digits: Digits) -> Players:
    return Players(SmallGenerator(), Convolutional(digits.images[:_N_MEASURED]), 32, 64, 1e-3)


PLAYERS: dict[str, Callable[[Digits], Players]] = {
    "convolutional": _convolutional,
    "fully-connected": _fully_connected,
}


class Labels(NamedTuple):
    """Which labels are told, and of what.

    Attributes:
        n: how many digits have labels.
        shift_px: how far photos are moved at most, each way.
    """

    n: int
    shift_px: int = 0


@dataclass(frozen=True)
class FewLabels:
    """Batches of photos with labels, and behind them of photos without.

    Attributes:
        digits: all, with their classes.
        labelled: indexes of those whose classes are told.
        n_labelled: photos with labels in a batch.
        n_unlabelled: photos without.
        seed: of what comes when.
        shift_px: how far photos are moved at most, each way.
    """

    digits: Digits
    labelled: Tensor
    n_labelled: int
    n_unlabelled: int
    seed: int
    shift_px: int = 0
    condition_width: int = N_CLASSES

    @property
    def digest(self) -> str:
        """Of what the batches depend on."""
        told = f"labels of {self.labelled.tolist()}, seed {self.seed}, moved by {self.shift_px} px"
        return f"{len(self.digits.classes)} digits, {told}, {self.n_labelled} and {self.n_unlabelled} a batch"

    def read(self, number: int) -> PhotoBatch:
        """Batch ``number``; a photo without label has a condition of zeros."""
        random = torch.Generator().manual_seed(step_seed("photos", self.seed, number))
        told = self.labelled[torch.randint(len(self.labelled), (self.n_labelled,), generator=random)]
        others = torch.randint(len(self.digits.classes), (self.n_unlabelled,), generator=random)
        images = moved(self.digits.images[torch.cat([told, others])], self.shift_px, random)
        images = images.expand(-1, 3, -1, -1)
        condition = torch.zeros(len(images), N_CLASSES)
        condition[: self.n_labelled] = F.one_hot(self.digits.classes[told], N_CLASSES).float()
        return PhotoBatch(images, condition)


def moved(images: Tensor, most_px: int, random: torch.Generator) -> Tensor:
    """Images ``[b, 1, s, s]``, each moved by up to so many pixels both ways; black comes in."""
    n, side = len(images), images.shape[-1]
    wider = F.pad(images[:, 0], (most_px,) * 4, value=-1)
    down, right = torch.randint(2 * most_px + 1, (2, n, 1), generator=random) + torch.arange(side)
    return wider[torch.arange(n)[:, None, None], down[:, :, None], right[:, None, :]][:, None]


def labelled_digits(digits: Digits, n: int, seed: int) -> Tensor:
    """Indexes ``[n]`` of as many digits of each class, drawn at random."""
    random = torch.Generator().manual_seed(step_seed("labels", seed, 0))
    order = torch.randperm(len(digits.classes), generator=random)
    classes = digits.classes[order]
    return torch.cat([order[classes == place][: n // N_CLASSES] for place in range(N_CLASSES)])


@torch.no_grad()
def n_wrong(network: NamingDiscriminator, digits: Digits) -> int:
    """How many digits are named wrongly, by averaged weights."""
    found = torch.cat([network.averaged(some).argmax(1) for some in digits.images.split(1000)])
    return int((found != digits.classes).sum())


def train(
    digits: Digits,
    test: Digits,
    make_players: Callable[[Digits], Players],
    labels: Labels,
    n_steps: int,
    seed: int,
    folder: Path | None,
) -> dict[str, int]:
    """Errors among the test digits by the number of steps done, of this sitting."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        players = make_players(digits)
    config = GanConfig(
        n_steps,
        batch_size=players.n_labelled + players.n_unlabelled,
        generator_rate=players.rate,
        discriminator_rate=players.rate,
        betas=(0.5, 0.999),
        checkpoint_every=250,
        n_checkpoints=1,
        seed=seed,
    )
    errors: dict[str, int] = {}

    def on_checkpoint(_generator: nn.Module, n_done: int) -> None:
        errors[str(n_done)] = n_wrong(players.network, test)
        print(f"{n_done} steps: {errors[str(n_done)]} errors in {len(test.classes)}", flush=True)

    labelled = labelled_digits(digits, labels.n, seed)
    batches = FewLabels(digits, labelled, players.n_labelled, players.n_unlabelled, seed, labels.shift_px)
    gan = GanPlayers(players.generator, players.network, SemiSupervised())
    train_gan(gan, batches, config, folder=folder, on_checkpoint=on_checkpoint)
    errors[str(n_steps)] = n_wrong(players.network, test)
    return errors


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.semi_supervised", description=__doc__)
    options.add_argument("--data", type=Path, required=True, help="folder with the four files of MNIST")
    options.add_argument("--labels", type=int, default=100, help="how many digits have labels, of all alike")
    options.add_argument("--networks", choices=tuple(PLAYERS), default="convolutional")
    options.add_argument("--shift", type=int, default=2, help="pixels that photos are moved by, at most")
    options.add_argument("--steps", type=int, default=5000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    asked = options.parse_args()
    torch.set_num_threads(1)
    names = tuple(str(place) for place in range(N_CLASSES))
    digits, test = (
        read_digits(
            _file(asked.data, f"{part}-images*"), _file(asked.data, f"{part}-labels*"), names, DIGIT_PX
        )
        for part in ("train", "t10k")
    )
    name = f"semi-supervised-{asked.networks}-{asked.labels}-shift-{asked.shift}-seed-{asked.seed}"
    labels = Labels(asked.labels, asked.shift)
    errors = train(digits, test, PLAYERS[asked.networks], labels, asked.steps, asked.seed, asked.out / name)
    path = asked.out / f"{name}.json"
    write_json(path, {"n_labels": asked.labels, "n_test": len(test.classes), "errors": errors})
    print(f"{errors[str(asked.steps)]} errors in {len(test.classes)}; written to {path}", flush=True)


def _file(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if not found:
        raise SystemExit(f"{folder} has no file {pattern}")
    return found[0]


if __name__ == "__main__":
    main()
