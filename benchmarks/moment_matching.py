"""A GMMN of MNIST by moments of pixels or of an autoencoder's codes (Li et al., ICML 2015, section 5).

``python -m benchmarks.moment_matching --data FOLDER`` trains both for as many photos, and prints of each the
mean log-likelihood of the 10,000 test digits under a Parzen window: a Gaussian at each of 10,000 pictures,
of the width that suits 1,000 other digits best. The paper has 147 for pixels and 282 for codes. Parzen
windows are a poor measure (Theis et al., ICLR 2016), but the one that the paper compares by. Beside it stands
how many of 2,000 pictures a network that learned from real digits is sure of, and how evenly it names them.

A training that was stopped goes on, and what is finished is not made again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.trained_digits import (
    DIGITS,
    LearnedFrom,
    digit_reader,
    digits_options,
    print_now_and_then,
    trained_generator,
    unseen_digits,
)
from partly.models.generators import Generator, images_of, sample_w
from partly.storage import read_json_or_none, write_json
from partly.training.recipes import choices_for

SIZE_PX = 28
MATCHED = ("codes", "pixels")
WIDTHS = tuple(round(0.05 * 1.12**i, 4) for i in range(20))
"""Of the Gaussians that are tried, in shares of the range of grey values."""

_N_PARZEN, _N_CHOOSING, _N_NAMED = 10_000, 1_000, 2_000
_AT_ONCE, _SURE = 500, 0.9
_SEED = 2026


def log_likelihood(points: Tensor, centres: Tensor, width: float) -> float:
    """Mean of ``log 1/n sum_i N(x; c_i, width^2)`` over points, in nats.

    Args:
        points: ``[m, d]``.
        centres: ``[n, d]``.
        width: standard deviation of each Gaussian, the same in all directions.
    """
    n, d = centres.shape
    constant = math.log(n) + d * math.log(width * math.sqrt(2 * math.pi))
    found = [
        (torch.cdist(some, centres).square() / (-2 * width**2)).logsumexp(dim=1)
        for some in points.split(_AT_ONCE)
    ]
    return float(torch.cat(found).double().mean()) - constant


def best_width(points: Tensor, centres: Tensor) -> float:
    """The width of :data:`WIDTHS` under which points are likeliest."""
    return max(WIDTHS, key=lambda width: log_likelihood(points, centres, width))


@torch.no_grad()
def grey_pictures(generator: Generator, n: int) -> Tensor:
    """Pictures ``[n, 1, s, s]`` in [-1, 1], not truncated."""
    least_px = generator.levels[0].size_px
    made = []
    for first in range(0, n, _AT_ONCE):
        w = torch.cat([sample_w(generator, _SEED, index) for index in range(first, min(n, first + _AT_ONCE))])
        made.append(images_of(generator.synthesise(w, features_px=least_px)).clamp(-1, 1).mean(1, True))
    return torch.cat(made)


def names_told(reader: nn.Module, pictures: Tensor) -> dict[str, float]:
    """How sure a network is of pictures, and in how many nats their names differ (all alike often: 2.30)."""
    with torch.no_grad():
        likely = torch.cat([F.softmax(reader(some), dim=1) for some in pictures.split(_AT_ONCE)])
    sure, named = likely.max(dim=1)
    shares = torch.bincount(named, minlength=len(DIGITS)).double() / len(named)
    return {
        "share that the network is sure of": round(float((sure > _SURE).double().mean()), 4),
        "entropy of names, nats": round(float(-torch.special.xlogy(shares, shares).sum()), 3),
    }


def flat(images: Tensor) -> Tensor:
    """Images ``[n, 1, s, s]`` in [-1, 1] as rows in [0, 1]."""
    return (images.flatten(1) + 1) / 2


def run(
    data: Path, out: Path, shown: Mapping[str, int | None], n_rounds: int, seed: int = 0
) -> dict[str, Any]:
    """Train both, judge, and write ``moment-matching.json``; the figures by what is matched."""
    learned_from = LearnedFrom.read(data, out, SIZE_PX)
    reader, right = digit_reader(data, out, learned_from, n_rounds)
    print(f"the network that names digits is right on {right:.2%} of the test digits", flush=True)
    unseen = flat(unseen_digits(data, SIZE_PX).images)
    digits = learned_from.digits.images
    choosing = flat(digits[-_N_CHOOSING:])
    results: dict[str, Any] = {}
    for matched in MATCHED:
        n_shown = shown[matched]
        folder = out / f"{matched}-seed-{seed}-{n_shown or 'usual'}"
        known = read_json_or_none(folder / "figures.json")
        if known is None:
            choices = choices_for(
                "gmmn", size_px=SIZE_PX, mirror=False, matched=matched, n_photos_shown=n_shown, seed=seed
            )
            generator, _ = trained_generator(choices, learned_from, folder, print_now_and_then)
            pictures = grey_pictures(generator, _N_PARZEN)
            rows = flat(pictures)
            width = best_width(choosing, rows)
            known = {
                "log-likelihood, nats": round(log_likelihood(unseen, rows, width), 1),
                "width": width,
                **names_told(reader, pictures[:_N_NAMED]),
            }
            write_json(folder / "figures.json", known)
        results[matched] = known
        print(f"{matched}: {known}", flush=True)
    itself = flat(digits[:_N_PARZEN])
    width = best_width(choosing, itself)
    results["digits themselves"] = {
        "log-likelihood, nats": round(log_likelihood(unseen, itself, width), 1),
        "width": width,
    }
    print(f"digits themselves: {results['digits themselves']}", flush=True)
    write_json(out / "moment-matching.json", {"shown": dict(shown), "seed": seed, "results": results})
    return results


def main() -> None:
    options = digits_options("moment_matching", __doc__, "moment-matching")
    options.set_defaults(photos_shown=None)
    options.add_argument(
        "--photos-of-pixels",
        type=int,
        help="shown where pixels are matched, which takes four times as long",
    )
    options.add_argument("--seed", type=int, default=0)
    arguments = options.parse_args()
    torch.set_num_threads(1)
    n = arguments.photos_shown
    shown = {"codes": n, "pixels": arguments.photos_of_pixels or n}
    run(arguments.data, arguments.out, shown, arguments.rounds, arguments.seed)


if __name__ == "__main__":
    main()
