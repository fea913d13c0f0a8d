"""Whether pictures show the class that is asked for: a network trained on real digits names them.

``python -m benchmarks.digits GENERATOR --photos PHOTOS --labels LABELS --test-photos ... --test-labels ...``:
the network learns from photos that the generator may have seen, and is judged on others; then it names
pictures of every class alike. Variety is told beside it, since a generator could show one digit of each class
again and again: the mean deviation of pixels within a class, as a share of that of real digits.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partly.data.photos import find_photos, read_classes, squared
from partly.models.generators import Generator, images_of, sample_w
from partly.models.zoo import load_generator
from partly.storage import write_json

_BATCH_SIZE, _RATE = 128, 1e-3
_SEED = 2026


@dataclass(frozen=True, eq=False)
class Digits:
    """Digits with their classes.

    Attributes:
        images: float32 ``[n, 1, s, s]`` in [-1, 1].
        classes: int64 ``[n]``, places in the names of the classes.
    """

    images: Tensor
    classes: Tensor


def read_digits(photos: Path, labels: Path, names: tuple[str, ...], size_px: int) -> Digits:
    """Photos in IDX form, as ``partly train`` squares them, and their labels."""
    sources = find_photos(photos)
    of_photo = read_classes(labels, sources)
    squares = np.stack([squared(source.read().pixels, size_px, "crop")[..., 0] for source in sources])
    places = [names.index(of_photo[source.name]) for source in sources]
    return Digits(torch.from_numpy(squares)[:, None].float() / 127.5 - 1, torch.tensor(places))


def new_classifier(size_px: int, n_classes: int) -> nn.Sequential:
    """Two convolutions and two layers (after LeCun et al., 1998), for grey squares."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * (size_px // 4) ** 2, 128),
        nn.ReLU(),
        nn.Linear(128, n_classes),
    )


def train_classifier(digits: Digits, n_classes: int, n_rounds: int) -> nn.Sequential:
    """A classifier of real digits, by Adam and cross-entropy."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        network = new_classifier(digits.images.shape[-1], n_classes)
        optimizer = torch.optim.Adam(network.parameters(), _RATE)
        for _ in range(n_rounds):
            for some in torch.randperm(len(digits.classes)).split(_BATCH_SIZE):
                optimizer.zero_grad()
                loss = F.cross_entropy(network(digits.images[some]), digits.classes[some])
                torch.autograd.backward(loss)
                optimizer.step()
    return network.eval()


@torch.no_grad()
def named(network: nn.Module, images: Tensor) -> Tensor:
    """Places of the classes that a network names, ``[n]``."""
    return torch.cat([network(some).argmax(1) for some in images.split(500)])


@torch.no_grad()
def pictures_of_classes(generator: Generator, n_pictures: int) -> Digits:
    """As many pictures of every class, not truncated, as digits."""
    names = generator.classes
    shown = [names[index % len(names)] for index in range(n_pictures)]
    least_px = generator.levels[0].size_px
    images = []
    for index, name in enumerate(shown):
        w = sample_w(generator, _SEED, index, class_name=name)
        images.append(images_of(generator.synthesise(w, features_px=least_px)).clamp(-1, 1).mean(1, True))
    return Digits(torch.cat(images), torch.tensor([names.index(name) for name in shown]))


def variety(digits: Digits) -> float:
    """Mean over classes of the root of the mean variance of pixels within the class."""
    within = [digits.images[digits.classes == place] for place in digits.classes.unique()]
    return float(torch.stack([one.var(dim=0).mean().sqrt() for one in within]).mean())


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.digits", description=__doc__)
    options.add_argument("generator", help="model folder of a generator with classes")
    for name in ("photos", "labels", "test-photos", "test-labels"):
        options.add_argument(f"--{name}", type=Path, required=True, help="in IDX form")
    options.add_argument("--pictures", type=int, default=2000)
    options.add_argument("--rounds", type=int, default=2, help="through all photos")
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    arguments = options.parse_args()
    torch.set_num_threads(1)
    generator = load_generator(arguments.generator)
    names, size_px = generator.classes, generator.image_size_px
    real = read_digits(arguments.photos, arguments.labels, names, size_px)
    network = train_classifier(real, len(names), arguments.rounds)
    others = read_digits(arguments.test_photos, arguments.test_labels, names, size_px)
    made = pictures_of_classes(generator, arguments.pictures)
    right = named(network, made.images) == made.classes
    figures = {
        "named as real digits are": round(
            (named(network, others.images) == others.classes).float().mean().item(), 4
        ),
        "pictures named as was asked": round(right.float().mean().item(), 4),
        "by class": {
            name: round(right[made.classes == place].float().mean().item(), 3)
            for place, name in enumerate(names)
        },
        "variety, share of that of digits": round(variety(made) / variety(others), 3),
        "n_pictures": arguments.pictures,
    }
    for name, value in figures.items():
        print(f"{name}: {value}", flush=True)
    write_json(arguments.out / "digits.json", figures)


if __name__ == "__main__":
    main()
