"""Eight Gaussians on a ring: which objectives find all modes (Metz et al., ICLR 2017, section 3.1).

``python -m benchmarks.eight_gaussians`` trains generator and discriminator of two hidden layers with each
objective, and prints how many of the eight modes are found and what share of the points is good: within three
deviations of a mode. A mode counts as found with a quarter of its fair share of good points.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from partly.losses import (
    R1,
    GradientPenalty,
    Hinge,
    Judgement,
    Lazy,
    Minimax,
    NonSaturating,
    Objective,
    Wasserstein,
)
from partly.storage import write_json
from partly.training.adversarial import GanConfig, GanPlayers, PhotoBatch, train_gan

N_MODES, RADIUS, DEVIATION = 8, 2.0, 0.1
_N_HIDDEN, _Z_DIM = 128, 2
_N_POINTS = 4000


@dataclass(frozen=True)
class Ring:
    """Batches of points ``[b, 2]``: eight Gaussians evenly on a circle."""

    batch_size: int
    digest: str = "ring"
    condition_width: int = 0

    def read(self, number: int) -> PhotoBatch:
        """Batch ``number``."""
        random = torch.Generator().manual_seed(number)
        angles = torch.randint(N_MODES, (self.batch_size,), generator=random) * (2 * math.pi / N_MODES)
        centres = RADIUS * torch.stack([angles.cos(), angles.sin()], dim=1)
        points = centres + DEVIATION * torch.randn(self.batch_size, 2, generator=random)
        return PhotoBatch.without_condition(points)


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
        """Scores ``[b]`` of ``[b, 2]``."""
        return Judgement(self.layers(points)[:, 0])


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
    """An objective, with the penalty and the steps of the discriminator that its paper gives it."""

    objective: Objective
    penalty: Objective | None
    n_discriminator_steps: int = 1


# Slopes of the log-odds are as steep as 1 / DEVIATION here, so that R1 must weigh little.
SETTINGS: Mapping[str, Setting] = {
    "minimax": Setting(Minimax(), None),
    "minimax, R1": Setting(Minimax(), R1(0.001)),
    "non-saturating": Setting(NonSaturating(), None),
    "non-saturating, R1": Setting(NonSaturating(), R1(0.001)),
    "hinge": Setting(Hinge(), None),
    "hinge, R1": Setting(Hinge(), R1(0.001)),
    "Wasserstein, gradient penalty": Setting(Wasserstein(), GradientPenalty(0.1), 3),
}


def figures(setting: Setting, n_steps: int, seed: int = 0) -> dict[str, float]:
    """Modes found, and the share of good points."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        penalties = (Lazy(setting.penalty),) if setting.penalty else ()
        players = GanPlayers(PointGenerator(), PointDiscriminator(), setting.objective, penalties)
    config = GanConfig(
        n_steps,
        batch_size=128,
        n_discriminator_steps=setting.n_discriminator_steps,
        generator_rate=1e-3,
        discriminator_rate=1e-3,
        betas=(0.0, 0.99),
        ema_half_life=50_000.0,
        seed=seed,
    )
    began = time.process_time()
    generator = train_gan(players, Ring(config.batch_size), config).generator
    spent_s = time.process_time() - began
    with torch.no_grad():
        z = torch.randn(_N_POINTS, _Z_DIM, generator=torch.Generator().manual_seed(1))
        found, good = judged(generator(z[:, None]))
    return {"modes": found, "good": good, "time_s": round(spent_s, 1)}


def judged(points: Tensor) -> tuple[int, float]:
    """How many modes the points ``[n, 2]`` find, and the share of good points."""
    angles = torch.arange(N_MODES) * (2 * math.pi / N_MODES)
    centres = RADIUS * torch.stack([angles.cos(), angles.sin()], dim=1)
    distances, nearest = torch.cdist(points, centres).min(dim=1)
    good = distances <= 3 * DEVIATION
    counts = torch.bincount(nearest[good], minlength=N_MODES)
    return int((counts >= len(points) / N_MODES / 4).sum()), round(good.float().mean().item(), 3)


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.eight_gaussians", description=__doc__)
    options.add_argument("names", nargs="*", help=f"of {', '.join(SETTINGS)}")
    options.add_argument("--steps", type=int, default=7000)
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    arguments = options.parse_args()
    torch.set_num_threads(1)
    results = {}
    for name in arguments.names or SETTINGS:
        results[name] = figures(SETTINGS[name], arguments.steps)
        print(f"{name}: {results[name]}", flush=True)
    write_json(arguments.out / "eight-gaussians.json", results)


if __name__ == "__main__":
    main()
