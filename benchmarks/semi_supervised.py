"""Digits named by a discriminator that has seen few labels (Salimans et al., NIPS 2016, section 5).

``python -m benchmarks.semi_supervised --data FOLDER --labels 100`` trains on MNIST's photos, of which as many
of each digit have labels, and prints how many of the 10,000 test digits are named wrongly. The generator
matches features, and digits are named by the discriminator's averaged weights. Convolutional players see
photos turned, slanted and moved a little, and those without labels twice, which they are to name alike (see
:class:`partly.losses.SemiSupervised`). The paper's players and batches, without any of that, are
``--networks fully-connected``, and take many more steps. It may be stopped and goes on; ``--steps`` may grow.
FOLDER has the four files of MNIST, in IDX form.
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
from partly.training.augment.adversarial import ShapeChanges

_N_MEASURED = 300  # digits that set first weights


class Shown(NamedTuple):
    """What a step shows of the photos.

    Attributes:
        n_labelled: with labels.
        n_unlabelled: without.
        changes: of all of them, and those without labels come twice then; None: they come as they are.
    """

    n_labelled: int
    n_unlabelled: int
    changes: ShapeChanges | None = None


class Players(NamedTuple):
    """Both networks of a training, and what they are shown.

    Attributes:
        generator: makes digits.
        network: the discriminator, which names them.
        rate: learning rate of both.
        n_pictures: in a step.
        shown: of the photos in a step.
        objective: of both.
    """

    generator: GeneratorFamily
    network: NamingDiscriminator
    rate: float
    n_pictures: int
    shown: Shown
    objective: SemiSupervised = SemiSupervised()


def _fully_connected(_digits: Digits) -> Players:
    generator = MLPGenerator(MLPShape(DIGIT_PX, hidden=(500, 500)))
    return Players(generator, FullyConnected(), 3e-3, 150, Shown(50, 100))


def _convolutional(digits: Digits) -> Players:
    changes = ShapeChanges(turn=0.26, stretch=0.1, slant=0.2, shift=0.07, bolder=0)
    return Players(
        SmallGenerator(),
        Convolutional(digits.images[:_N_MEASURED]),
        2e-3,
        64,
        Shown(32, 96, changes),
        SemiSupervised(pairs_weight=1.0, sure_above=0.8),
    )


PLAYERS: dict[str, Callable[[Digits], Players]] = {
    "convolutional": _convolutional,
    "fully-connected": _fully_connected,
}


@dataclass(frozen=True)
class FewLabels:
    """Batches of photos with labels, and behind them of photos without.

    Attributes:
        digits: all, with their classes.
        labelled: indexes of those whose classes are told.
        shown: of them in a batch.
        seed: of what comes when.
    """

    digits: Digits
    labelled: Tensor
    shown: Shown
    seed: int
    condition_width: int = N_CLASSES

    @property
    def digest(self) -> str:
        """Of what the batches depend on."""
        return (
            f"{len(self.digits.classes)} digits, labels of {self.labelled.tolist()}, seed {self.seed}, "
            f"{self.shown}"
        )

    def read(self, number: int) -> PhotoBatch:
        """Batch ``number``; a photo without label has a condition of zeros."""
        n_labelled, n_unlabelled, changes = self.shown
        random = torch.Generator().manual_seed(step_seed("photos", self.seed, number))
        told = self.labelled[torch.randint(len(self.labelled), (n_labelled,), generator=random)]
        others = torch.randint(len(self.digits.classes), (n_unlabelled,), generator=random)
        if changes:
            others = others.repeat_interleave(2)
        images = self.digits.images[torch.cat([told, others])]
        images = changes(images, random) if changes else images
        images = images.expand(-1, 3, -1, -1)
        condition = torch.zeros(len(images), N_CLASSES)
        condition[:n_labelled] = F.one_hot(self.digits.classes[told], N_CLASSES).float()
        return PhotoBatch(images, condition)


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
    n_labels: int,
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
        batch_size=players.n_pictures,
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

    batches = FewLabels(digits, labelled_digits(digits, n_labels, seed), players.shown, seed)
    gan = GanPlayers(players.generator, players.network, players.objective)
    train_gan(gan, batches, config, folder=folder, on_checkpoint=on_checkpoint)
    errors[str(n_steps)] = n_wrong(players.network, test)
    return errors


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.semi_supervised", description=__doc__)
    options.add_argument("--data", type=Path, required=True, help="folder with the four files of MNIST")
    options.add_argument("--labels", type=int, default=100, help="how many digits have labels, of all alike")
    options.add_argument("--networks", choices=tuple(PLAYERS), default="convolutional")
    options.add_argument("--steps", type=int, default=3000)
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
    name = f"semi-supervised-{asked.networks}-{asked.labels}-seed-{asked.seed}"
    players, folder = PLAYERS[asked.networks], asked.out / name
    errors = train(digits, test, players, asked.labels, asked.steps, asked.seed, folder)
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
