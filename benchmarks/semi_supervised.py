"""Digits named by a discriminator that has seen few labels (Salimans et al., NIPS 2016, section 5).

``python -m benchmarks.semi_supervised --data FOLDER --labels 100`` trains on MNIST's photos, of which as many
of each digit have labels, and prints how many of the 10,000 test digits are named wrongly. The generator
matches features; the discriminator is the paper's, and digits are named by its averaged weights. Unlike the
paper's, photos are shown moved by up to ``--shift`` pixels, at random: a few labels last longer so. It may be
stopped and goes on; ``--steps`` may grow. FOLDER has the four files of MNIST, in IDX form.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils.parametrizations import weight_norm

from benchmarks.digits import Digits, read_digits
from partly.losses import Judgement, SemiSupervised
from partly.models.generators import MLPGenerator, MLPShape
from partly.storage import step_seed, tensor_seed, write_json
from partly.training.adversarial import GanConfig, GanPlayers, PhotoBatch, train_gan

N_CLASSES, SIZE_PX = 10, 28
_HIDDEN = (1000, 500, 250, 250, 250)
_NOISE_IN, _NOISE_HIDDEN = 0.3, 0.5
_DECAY = 0.9995
_RATE = 3e-3
_N_LABELLED, _N_UNLABELLED = 50, 100  # photos of a step


class NoisyClassifier(nn.Module):
    """Digits to logits of their classes, with noise on all activations during training.

    Beside its weights it keeps their running averages. What is drawn follows from a count of calls, so that a
    training that goes on after a stop draws what it would have drawn.

    Args:
        hidden: widths of the hidden layers.
    """

    def __init__(self, hidden: Sequence[int]) -> None:
        super().__init__()
        widths = [SIZE_PX**2, *hidden, N_CLASSES]
        self.layers = nn.ModuleList(weight_norm(nn.Linear(*pair)) for pair in pairwise(widths))
        for i, weight in enumerate(self.layers.parameters()):
            self.register_buffer(f"average{i}", weight.detach().clone())
        self.register_buffer("n_calls", torch.zeros((), dtype=torch.int64))

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:  # noqa: ARG002
        """Images ``[b, 3, 28, 28]`` in [-1, 1] to logits as the head "class", and log-odds of "photo"."""
        random = torch.Generator().manual_seed(
            tensor_seed("dropout of a discriminator", 0, int(self.get_buffer("n_calls")))
        )
        self.get_buffer("n_calls").add_(1)
        if next(self.layers.parameters()).requires_grad:
            self._average()
        logits, features = self._logits(images, random)
        return Judgement(logits.logsumexp(1), (features,), {"class": logits})

    def averaged(self, images: Tensor) -> Tensor:
        """Logits ``[b, 10]`` by averaged weights, without noise."""
        names = [name for name, _ in self.named_parameters()]
        weights = {name: self.get_buffer(f"average{i}") for i, name in enumerate(names)}
        called: Tensor = functional_call(
            _Plain(self), {f"of.{name}": w for name, w in weights.items()}, images
        )
        return called

    def _logits(self, images: Tensor, random: torch.Generator | None) -> tuple[Tensor, Tensor]:
        x = _with_noise(images[:, 0].flatten(1), _NOISE_IN, random)
        for layer in self.layers[:-1]:
            features = layer(x).relu()
            x = _with_noise(features, _NOISE_HIDDEN, random)
        return self.layers[-1](x), features

    @torch.no_grad()
    def _average(self) -> None:
        for i, weight in enumerate(self.layers.parameters()):
            self.get_buffer(f"average{i}").lerp_(weight, 1 - _DECAY)


class _Plain(nn.Module):
    """A classifier without noise."""

    def __init__(self, of: NoisyClassifier) -> None:
        super().__init__()
        self.of = of

    def forward(self, images: Tensor) -> Tensor:
        """Logits."""
        return self.of._logits(images, None)[0]


def _with_noise(values: Tensor, deviation: float, random: torch.Generator | None) -> Tensor:
    if random is None:
        return values
    return values + deviation * torch.randn(values.shape, generator=random).to(values)


@dataclass(frozen=True)
class FewLabels:
    """Batches of photos with labels, and behind them of photos without.

    Attributes:
        digits: all, with their classes.
        labelled: indexes of those whose classes are told.
        seed: of what comes when.
        shift_px: how far photos are moved at most, each way.
    """

    digits: Digits
    labelled: Tensor
    seed: int
    shift_px: int = 0
    condition_width: int = N_CLASSES

    @property
    def digest(self) -> str:
        """Of what the batches depend on."""
        told = f"labels of {self.labelled.tolist()}, seed {self.seed}, moved by {self.shift_px} px"
        return f"{len(self.digits.classes)} digits, {told}"

    def read(self, number: int) -> PhotoBatch:
        """Batch ``number``; a photo without label has a condition of zeros."""
        random = torch.Generator().manual_seed(step_seed("photos", self.seed, number))
        told = self.labelled[torch.randint(len(self.labelled), (_N_LABELLED,), generator=random)]
        others = torch.randint(len(self.digits.classes), (_N_UNLABELLED,), generator=random)
        images = moved(self.digits.images[torch.cat([told, others])], self.shift_px, random)
        images = images.expand(-1, 3, -1, -1)
        condition = torch.zeros(len(images), N_CLASSES)
        condition[:_N_LABELLED] = F.one_hot(self.digits.classes[told], N_CLASSES).float()
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
def n_wrong(network: NoisyClassifier, digits: Digits) -> int:
    """How many digits are named wrongly, by averaged weights."""
    found = torch.cat([network.averaged(some).argmax(1) for some in digits.images.split(1000)])
    return int((found != digits.classes).sum())


def train(
    digits: Digits,
    test: Digits,
    n_labels: int,
    n_steps: int,
    seed: int,
    folder: Path | None,
    shift_px: int = 0,
) -> dict[str, int]:
    """Errors among the test digits by the number of steps done, of this sitting."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator = MLPGenerator(MLPShape(SIZE_PX, hidden=(500, 500)))
        network = NoisyClassifier(_HIDDEN)
    config = GanConfig(
        n_steps,
        batch_size=_N_LABELLED + _N_UNLABELLED,
        generator_rate=_RATE,
        discriminator_rate=_RATE,
        betas=(0.5, 0.999),
        checkpoint_every=250,
        n_checkpoints=1,
        seed=seed,
    )
    errors: dict[str, int] = {}

    def on_checkpoint(_generator: nn.Module, n_done: int) -> None:
        errors[str(n_done)] = n_wrong(network, test)
        print(f"{n_done} steps: {errors[str(n_done)]} errors in {len(test.classes)}", flush=True)

    batches = FewLabels(digits, labelled_digits(digits, n_labels, seed), seed, shift_px)
    players = GanPlayers(generator, network, SemiSupervised())
    train_gan(players, batches, config, folder=folder, on_checkpoint=on_checkpoint)
    errors[str(n_steps)] = n_wrong(network, test)
    return errors


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.semi_supervised", description=__doc__)
    options.add_argument("--data", type=Path, required=True, help="folder with the four files of MNIST")
    options.add_argument("--labels", type=int, default=100, help="how many digits have labels, of all alike")
    options.add_argument("--shift", type=int, default=2, help="pixels that photos are moved by, at most")
    options.add_argument("--steps", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    arguments = options.parse_args()
    torch.set_num_threads(1)
    names = tuple(str(place) for place in range(N_CLASSES))
    digits, test = (
        read_digits(
            _file(arguments.data, f"{part}-images*"), _file(arguments.data, f"{part}-labels*"), names, 28
        )
        for part in ("train", "t10k")
    )
    name = f"semi-supervised-{arguments.labels}-{arguments.seed}-shift-{arguments.shift}"
    errors = train(
        digits, test, arguments.labels, arguments.steps, arguments.seed, arguments.out / name, arguments.shift
    )
    path = arguments.out / f"{name}.json"
    write_json(path, {"n_labels": arguments.labels, "n_test": len(test.classes), "errors": errors})
    print(f"{errors[str(arguments.steps)]} errors in {len(test.classes)}; written to {path}", flush=True)


def _file(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if not found:
        raise SystemExit(f"{folder} has no file {pattern}")
    return found[0]


if __name__ == "__main__":
    main()
