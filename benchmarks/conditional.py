"""Whether a conditional DCGAN of MNIST shows what is asked for, whichever way it is told the classes.

``python -m benchmarks.conditional --data FOLDER --condition projection`` trains DCGAN of 32 px with the
labels of MNIST, and a network that learned from real digits names as many pictures of every class: the share
that it names as was asked. Beside it stands the variety within a class as a share of that of real digits,
since a generator could show one digit of each class again and again.

A training that was stopped goes on, and what is finished is not made again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from benchmarks.digits import named, pictures_of_classes, variety
from benchmarks.trained_digits import (
    DIGITS,
    LABELS,
    LearnedFrom,
    digit_reader,
    digits_options,
    print_now_and_then,
    trained_players,
    unseen_digits,
)
from partly.storage import read_json_or_none, write_json
from partly.training.recipes import choices_for

SIZE_PX = 32
WAYS = ("projection", "auxiliary", "concatenation")


def run(
    data: Path, out: Path, way: str, n_shown: int, n_rounds: int, n_pictures: int, seed: int = 0
) -> dict[str, Any]:
    """Train, judge, and write ``conditional-WAY.json``; the figures."""
    learned_from = LearnedFrom.read(data, out, SIZE_PX)
    reader, right = digit_reader(data, out, learned_from, n_rounds)
    print(f"the network that names digits is right on {right:.2%} of the test digits", flush=True)
    folder = out / f"{way}-seed-{seed}-{n_shown}"
    known = read_json_or_none(folder / "figures.json")
    if known is None:
        choices = choices_for(
            "dcgan",
            size_px=SIZE_PX,
            mirror=False,
            classes=str(data / LABELS),
            condition=way,
            n_photos_shown=n_shown,
            seed=seed,
        )
        generator = trained_players(choices, learned_from, folder, print_now_and_then).generator
        made = pictures_of_classes(generator, n_pictures)
        agrees = named(reader, made.images) == made.classes
        share = variety(made) / variety(unseen_digits(data, SIZE_PX))
        known = {
            "condition": way,
            "seed": seed,
            "shown": n_shown,
            "named as real digits are": round(right, 4),
            "pictures named as was asked": round(agrees.float().mean().item(), 4),
            "by class": {
                name: round(agrees[made.classes == place].float().mean().item(), 3)
                for place, name in enumerate(DIGITS)
            },
            "variety, share of that of digits": round(share, 3),
            "n_pictures": n_pictures,
        }
        write_json(folder / "figures.json", known)
    write_json(out / f"conditional-{way}.json", known)
    return known


def main() -> None:
    options = digits_options("conditional", __doc__, "conditional")
    options.add_argument("--condition", choices=WAYS, default="projection")
    options.add_argument("--seed", type=int, default=0)
    arguments = options.parse_args()
    torch.set_num_threads(1)
    figures = run(
        arguments.data,
        arguments.out,
        arguments.condition,
        arguments.photos_shown,
        arguments.rounds,
        arguments.pictures,
        arguments.seed,
    )
    for name, value in figures.items():
        print(f"{name}: {value}", flush=True)


if __name__ == "__main__":
    main()
