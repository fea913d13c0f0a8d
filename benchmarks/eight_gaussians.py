"""Gaussians on a ring or a grid: which objectives find all modes (Metz et al., ICLR 2017, section 3.1).

``python -m benchmarks.eight_gaussians`` trains generator and discriminator of two hidden layers with each
objective, and prints how many of the eight modes are found and what share of the points is good: within three
deviations of a mode. A mode counts as found with a quarter of its fair share of good points. ``--objective
NAME`` takes one or several of them, ``--grid`` 25 modes on a grid, ``--seeds N`` as many trainings of each.
Figures that are in the file already are not made again.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from partly.losses import (
    R1,
    R2,
    ApproximateR1,
    ApproximateR2,
    FeatureMatching,
    GradientPenalty,
    Hinge,
    Judgement,
    Lazy,
    LeastSquares,
    LossSensitive,
    Minimax,
    NonSaturating,
    Objective,
    Relativistic,
    Wasserstein,
)
from partly.storage import write_json
from partly.training.adversarial import GanConfig, GanPlayers, PhotoBatch, train_gan

_N_HIDDEN, _Z_DIM = 128, 2
_N_POINTS = 4000


@dataclass(frozen=True)
class Modes:
    """Gaussians of the plane.

    Attributes:
        name: of the arrangement.
        centres: ``[n, 2]``.
        deviation: of each.
    """

    name: str
    centres: Tensor
    deviation: float

    def judged(self, points: Tensor) -> tuple[int, float]:
        """How many modes the points ``[n, 2]`` find, and the share of good points."""
        distances, nearest = torch.cdist(points, self.centres).min(dim=1)
        good = distances <= 3 * self.deviation
        counts = torch.bincount(nearest[good], minlength=len(self.centres))
        found = counts >= len(points) / len(self.centres) / 4
        return int(found.sum()), round(good.float().mean().item(), 3)


_ANGLES = torch.arange(8) * (2 * math.pi / 8)
_LINE = torch.linspace(-2, 2, 5)
RING = Modes("eight", 2.0 * torch.stack([_ANGLES.cos(), _ANGLES.sin()], dim=1), 0.1)
GRID = Modes("grid", torch.cartesian_prod(_LINE, _LINE), 0.05)


class Points:
    """Batches of points ``[b, 2]``, of all modes alike."""

    condition_width = 0

    def __init__(self, modes: Modes, batch_size: int) -> None:
        self._modes, self._batch_size = modes, batch_size
        self.digest = modes.name

    def read(self, number: int) -> PhotoBatch:
        """Batch ``number``."""
        random = torch.Generator().manual_seed(number)
        which = torch.randint(len(self._modes.centres), (self._batch_size,), generator=random)
        noise = torch.randn(self._batch_size, 2, generator=random)
        return PhotoBatch.without_condition(self._modes.centres[which] + self._modes.deviation * noise)


class PointGenerator(nn.Module):
    """``z`` to points of the plane."""

    z_dim, n_layers = _Z_DIM, 1

    def __init__(self) -> None:
        super().__init__()
        self.layers = _layers(_Z_DIM, 2)
        self.register_buffer("w_mean", torch.zeros(_Z_DIM))

    def map(self, z: Tensor, condition: Tensor | None = None) -> Tensor:  # noqa: ARG002
        """``z [b, z]`` as ``[b, 1, z]``."""
        return z[:, None]

    def forward(self, w: Tensor, random: torch.Generator | None = None) -> Tensor:  # noqa: ARG002
        """Points ``[b, 2]``."""
        points: Tensor = self.layers(w[:, 0])
        return points


class PointDiscriminator(nn.Module):
    """Points of the plane to scores."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = _layers(2, 1)

    def forward(self, points: Tensor, condition: Tensor | None = None) -> Judgement:  # noqa: ARG002
        """Scores ``[b]`` of ``[b, 2]``, and the last hidden values."""
        hidden = self.layers[:-1](points)
        return Judgement(self.layers[-1](hidden)[:, 0], (hidden,))


def _layers(n_in: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(n_in, _N_HIDDEN),
        nn.LeakyReLU(0.2),
        nn.Linear(_N_HIDDEN, _N_HIDDEN),
        nn.LeakyReLU(0.2),
        nn.Linear(_N_HIDDEN, n_out),
    )


@dataclass(frozen=True)
class Setting:
    """An objective, with what its paper trains it with.

    Attributes:
        objective: of both players.
        penalties: of the discriminator.
        n_discriminator_steps: for each of the generator.
        training: other values of the configuration.
    """

    objective: Objective
    penalties: tuple[Objective, ...] = ()
    n_discriminator_steps: int = 1
    training: Mapping[str, Any] = field(default_factory=dict)


# Slopes of the log-odds are as steep as 1 / deviation here, so that R1 must weigh little; two values and not
# thousands make a margin; and two hidden layers without norms are silent when clipped to a hundredth.
_WEAK = 0.001
_CLIPPED = {
    "optimizer": "rmsprop",
    "weight_bound": 0.1,
    "generator_rate": 5e-4,
    "discriminator_rate": 5e-4,
}
SETTINGS: Mapping[str, Setting] = {
    "minimax": Setting(Minimax()),
    "minimax, R1": Setting(Minimax(), (R1(_WEAK),)),
    "non-saturating": Setting(NonSaturating()),
    "non-saturating, R1": Setting(NonSaturating(), (R1(_WEAK),)),
    "hinge": Setting(Hinge()),
    "hinge, R1": Setting(Hinge(), (R1(_WEAK),)),
    "wasserstein": Setting(Wasserstein(), (GradientPenalty(0.1),), 3),
    "wasserstein-clipped": Setting(Wasserstein(), (), 5, _CLIPPED),
    "least-squares": Setting(LeastSquares()),
    "loss-sensitive": Setting(LossSensitive(1.0), (R1(_WEAK),)),
    "generalised": Setting(LossSensitive(1.0, slope=0.01), (R1(_WEAK),)),
    "relativistic": Setting(Relativistic(0.01), (R1(_WEAK), R2(_WEAK))),
    "relativistic, finite differences": Setting(
        Relativistic(0.01), (ApproximateR1(_WEAK, 0.001), ApproximateR2(_WEAK, 0.001))
    ),
    "feature-matching": Setting(FeatureMatching()),
}
"""All objectives of ``partly train`` by their names, and variants."""


def figures(setting: Setting, n_steps: int, seed: int = 0, modes: Modes = RING) -> dict[str, float]:
    """Modes found, and the share of good points."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        penalties = tuple(Lazy(penalty) for penalty in setting.penalties)
        players = GanPlayers(PointGenerator(), PointDiscriminator(), setting.objective, penalties)
    usual = {"generator_rate": 1e-3, "discriminator_rate": 1e-3, "betas": (0.0, 0.99)}
    config = GanConfig(
        n_steps,
        batch_size=128,
        n_discriminator_steps=setting.n_discriminator_steps,
        ema_half_life=50_000.0,
        seed=seed,
        **{**usual, **setting.training},
    )
    began = time.process_time()
    generator = train_gan(players, Points(modes, config.batch_size), config).generator
    spent_s = time.process_time() - began
    with torch.no_grad():
        z = torch.randn(_N_POINTS, _Z_DIM, generator=torch.Generator().manual_seed(1))
        found, good = modes.judged(generator(z[:, None]))
    return {"modes": found, "good": good, "time_s": round(spent_s, 1)}


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.eight_gaussians", description=__doc__)
    options.add_argument("--objective", nargs="+", choices=SETTINGS, default=list(SETTINGS), metavar="NAME")
    options.add_argument("--grid", action="store_true", help="25 modes on a grid")
    options.add_argument("--seeds", type=int, default=1, help="trainings of each")
    options.add_argument("--steps", type=int, default=7000)
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    arguments = options.parse_args()
    torch.set_num_threads(1)
    modes = GRID if arguments.grid else RING
    path = arguments.out / f"{modes.name}-gaussians.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    for name in arguments.objective:
        for seed in range(arguments.seeds):
            key = f"{name}, {arguments.steps} steps, seed {seed}"
            if key not in results:
                results[key] = figures(SETTINGS[name], arguments.steps, seed, modes)
                write_json(path, results)
            print(f"{key}: {results[key]}", flush=True)


if __name__ == "__main__":
    main()
