"""Whether codes that nobody named are the digits: InfoGAN on MNIST (Chen et al., NIPS 2016, section 7.2).

``python -m benchmarks.info_gan --data FOLDER --seeds 3`` trains the paper's networks, at 32 px, with a code
of ten values and two continuous codes on the photos of MNIST alone, once for each seed; with ``--networks
dcgan`` those of ``partly train --family dcgan``. The code is told of pictures that were turned, slanted and
the like (``partly train --codes-of-shapes``), which the paper's is not (``--codes-of pictures``). The seed is
picked by the mutual information of the last tenth of its steps, for which no label is needed. Then codes are
matched to digits, one to one, so that most agree, in two ways:

- digits: the discriminator tells the code of the 10,000 test digits (the paper's figure: 5 % are wrong);
- pictures: a network that learned from real digits names pictures of each code.

A training that was stopped goes on, and what is finished is not made again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.digits import named, pictures_of_classes, variety
from benchmarks.info_gan_networks import with_paper_networks
from benchmarks.trained_digits import (
    LearnedFrom,
    TrainedPlayers,
    digit_reader,
    digits_options,
    print_now_and_then,
    trained_players,
    unseen_digits,
)
from partly.storage import complete_lines, read_json_or_none, write_json
from partly.training.recipes import TrainingPlan, choices_for

SIZE_PX, N_CODES, N_CONTINUOUS = 32, 10, 2
_JUDGED_AT_ONCE = 64
_LAST_SHARE = 0.1


@dataclass(frozen=True)
class Networks:
    """What plays.

    Attributes:
        change: of the plan of DCGAN.
        choices: of the training that go with it.
    """

    change: Callable[[TrainingPlan], TrainingPlan] = lambda plan: plan
    choices: Mapping[str, Any] = field(default_factory=dict)


NETWORKS = {"paper": Networks(with_paper_networks, {"batch_size": 128}), "dcgan": Networks()}


def best_match(counts: Tensor) -> tuple[int, ...]:
    """Which digit each code is, one to one, so that most agree: the best of all orders.

    Of the codes up to one, only the best order is kept for each set of digits that they may be.

    Args:
        counts: ``[n, n]``, how often each code (row) goes with each digit; up to some fifteen of them.
    """
    best: dict[frozenset[int], tuple[int, tuple[int, ...]]] = {frozenset(): (0, ())}
    for row in counts.tolist():
        longer: dict[frozenset[int], tuple[int, tuple[int, ...]]] = {}
        for used, (agree, order) in best.items():
            for place in set(range(len(counts))) - used:
                one = agree + row[place], (*order, place)
                longer[used | {place}] = max(longer.get(used | {place}, one), one)
        best = longer
    ((_, order),) = best.values()
    return order


def matched_error(codes: Tensor, digits: Tensor, n: int = N_CODES) -> tuple[float, tuple[int, ...]]:
    """The share of pairs that disagree where each code is the digit that fits best, and these digits.

    Args:
        codes: ``[m]``, from 0.
        digits: ``[m]``.
        n: how many there are of each.
    """
    counts = torch.bincount(codes * n + digits, minlength=n * n).view(n, n)
    order = best_match(counts)
    return 1 - int(counts[torch.arange(n), list(order)].sum()) / len(codes), order


@torch.no_grad()
def told_codes(discriminator: nn.Module, images: Tensor) -> Tensor:
    """The code that a discriminator tells of grey images ``[m, 1, s, s]``: ``[m]``.

    Its batch norms see batches of real digits, as in training.
    """
    discriminator.train()
    condition = torch.zeros(_JUDGED_AT_ONCE, N_CODES)
    told = []
    for some in images.expand(-1, 3, -1, -1).split(_JUDGED_AT_ONCE):
        told.append(discriminator(some, condition[: len(some)]).heads["code"][:, :N_CODES].argmax(1))
    return torch.cat(told)


def information_at_the_end(log: Path) -> float:
    """Mean bound of the mutual information in the last tenth of a training's steps, in nats."""
    told = [json.loads(line)["information"] for line in complete_lines(log)]
    return float(np.mean(told[-max(1, round(_LAST_SHARE * len(told))) :]))


def figures_of(
    players: TrainedPlayers, reader: nn.Module, data: Path, folder: Path, n_pictures: int
) -> dict[str, Any]:
    """What is told of one training."""
    real, made = unseen_digits(data, SIZE_PX), pictures_of_classes(players.generator, n_pictures)
    error_of_digits, of_digits = matched_error(told_codes(players.discriminator, real.images), real.classes)
    error_of_pictures, of_pictures = matched_error(made.classes, named(reader, made.images))
    return {
        "information, nats": round(information_at_the_end(folder / "training" / "log.jsonl"), 4),
        "error of digits": round(error_of_digits, 4),
        "error of pictures": round(error_of_pictures, 4),
        "digit of each code, by digits": of_digits,
        "digit of each code, by pictures": of_pictures,
        "variety, share of that of digits": round(variety(made) / variety(real), 3),
    }


def picked(results: dict[str, dict[str, Any]]) -> str:
    """The seed whose pictures tell most of their codes; nothing else is looked at."""
    return max(results, key=lambda seed: float(results[seed]["information, nats"]))


def run(
    data: Path,
    out: Path,
    seeds: Sequence[int],
    n_shown: int,
    n_rounds: int,
    n_pictures: int,
    networks: str = "paper",
    codes_of: str = "shapes",
) -> None:
    """Train, judge and write ``info-gan-NETWORKS-CODES_OF.json``."""
    learned_from = LearnedFrom.read(data, out, SIZE_PX)
    reader, right = digit_reader(data, out, learned_from, n_rounds)
    print(f"the network that names digits is right on {right:.2%} of the test digits", flush=True)
    results: dict[str, dict[str, Any]] = {}
    of_networks = NETWORKS[networks]
    for seed in seeds:
        folder = out / f"{networks}-{codes_of}-seed-{seed}-{n_shown}"
        known = read_json_or_none(folder / "figures.json")
        if known is None:
            choices = choices_for(
                "dcgan",
                size_px=SIZE_PX,
                mirror=False,
                codes=N_CODES,
                continuous_codes=N_CONTINUOUS,
                n_photos_shown=n_shown,
                seed=seed,
                codes_of_shapes=codes_of == "shapes",
                **of_networks.choices,
            )
            players = trained_players(choices, learned_from, folder, print_now_and_then, of_networks.change)
            known = figures_of(players, reader, data, folder, n_pictures)
            write_json(folder / "figures.json", known)
        results[str(seed)] = known
        print(f"seed {seed}: {known}", flush=True)
    best = picked(results)
    print(f"picked by mutual information: seed {best}: {results[best]}", flush=True)
    write_json(
        out / f"info-gan-{networks}-{codes_of}.json",
        {"named as real digits are": round(right, 4), "picked": best, "seeds": results, "shown": n_shown},
    )


def main() -> None:
    options = digits_options("info_gan", __doc__, "info-gan")
    options.set_defaults(photos_shown=260_000)
    options.add_argument("--seeds", type=int, default=3, help="how many trainings")
    options.add_argument("--networks", choices=tuple(NETWORKS), default="paper")
    options.add_argument("--codes-of", choices=("shapes", "pictures"), default="shapes")
    arguments = options.parse_args()
    torch.set_num_threads(1)
    run(
        arguments.data,
        arguments.out,
        range(arguments.seeds),
        arguments.photos_shown,
        arguments.rounds,
        arguments.pictures,
        arguments.networks,
        arguments.codes_of,
    )


if __name__ == "__main__":
    main()
