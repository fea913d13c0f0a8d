"""Which of several averages of a generator's weights is kept as the generator: the one nearest to photos."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partly.evaluation.generators import picture_features
from partly.evaluation.metrics import LEAST_PHOTOS, cubic_kernel, mean_discrepancy
from partly.evaluation.report import Section, table
from partly.models.encoders import FeatureNetwork
from partly.models.generators import GeneratorFamily

N_PICTURES = 1000
OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class AverageFigures:
    """One average.

    Attributes:
        factor: on the half-life of the family's average.
        half_life: in photos shown, at the end.
        kernel: kernel distance of its pictures to photos, times 1000; None: it was not measured.
        kernel_error: standard deviation of that, times 1000.
    """

    factor: float
    half_life: int
    kernel: float | None = None
    kernel_error: float | None = None

    @property
    def name(self) -> str:
        """What its folder is called."""
        return average_name(self.factor)

    def __str__(self) -> str:
        if self.kernel is None:
            return f"{self.half_life:,}"
        return f"{self.half_life:,} ({self.kernel:.3f} ± {self.kernel_error:.3f})"


@dataclass(frozen=True)
class AverageChoice:
    """All averages, and the chosen one.

    Attributes:
        averages: by growing length.
        n_photos: they were compared with; 0: with none.
        are_held_out: the photos were not learned from.
        n_steps: taken by the training when it was chosen.
    """

    averages: tuple[AverageFigures, ...]
    n_photos: int
    are_held_out: bool
    n_steps: int

    @property
    def chosen(self) -> AverageFigures:
        """The one with the least kernel distance; the family's own where nothing was compared."""
        if not self.n_photos:
            return next(one for one in self.averages if one.factor == 1.0)
        return min(self.averages, key=lambda one: one.kernel or 0.0)

    def __str__(self) -> str:
        half_lives = ", ".join(map(str, self.averages))
        if not self.n_photos:
            return (
                f"Averages with half-lives of {half_lives} photos are in the folder averages; there are too "
                f"few photos to compare them with, and the generator is that of {self.chosen.half_life:,}."
            )
        whose = "photos that were held out" if self.are_held_out else "photos"
        return (
            f"Averages with half-lives of {half_lives} photos were compared with {self.n_photos:,} {whose} "
            f"(kernel distance x 1000): the generator is that of {self.chosen.half_life:,}; all are in the "
            "folder averages."
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values, for the model's card."""
        return {**asdict(self), "chosen": self.chosen.name}

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> AverageChoice:
        """What :meth:`to_json` gave."""
        rest = {name: value for name, value in values.items() if name not in ("averages", "chosen")}
        return cls(tuple(AverageFigures(**one) for one in values["averages"]), **rest)


def average_name(factor: float) -> str:
    """What the folder of an average is called: "0.25", "1", "4"."""
    return f"{factor:g}"


def average_choice(
    generators: Mapping[float, GeneratorFamily],
    half_life: float,
    n_steps: int,
    photos: tuple[NDArray[np.float32], FeatureNetwork, bool],
    on_progress: OnProgress,
    n_pictures: int = N_PICTURES,
) -> AverageChoice:
    """Compare pictures of each average with photos.

    All make pictures of the same latents, so that their distances differ by less than their errors tell.

    Args:
        generators: by factors on the half-life.
        half_life: of the family's average, in photos.
        n_steps: taken by the training.
        photos: features of photos ``[n, d]``, the network that gives them, and whether they were held out.
        on_progress: told what is looked at, how many are done, and of how many.
        n_pictures: of each average.

    Raises:
        TrainingDiverged: pictures are NaN.
    """
    rows, network, are_held_out = photos
    x, of_photos = rows.astype(np.float64), len(rows) if len(rows) >= LEAST_PHOTOS else 0
    among_photos = cubic_kernel(x, x) if of_photos else None
    found = []
    for factor in sorted(generators):
        one = AverageFigures(factor, round(factor * half_life))
        if among_photos is not None:
            told = partial(on_progress, f"comparing averages, {one.half_life:,} photos")
            y = picture_features(generators[factor], network, n_pictures, 0, on_rows=told).astype(np.float64)
            distance = mean_discrepancy(among_photos, cubic_kernel(y, y), cubic_kernel(x, y))
            one = AverageFigures(
                factor, one.half_life, 1000 * distance.squared, 1000 * distance.variance**0.5
            )
        found.append(one)
    return AverageChoice(tuple(found), of_photos, are_held_out, n_steps)


def average_section(choice: AverageChoice | None) -> list[Section]:
    """The part of a training's page about the averages that it ended with; nothing before."""
    if choice is None:
        return []
    rows = [
        (
            one.name,
            f"{one.half_life:,}",
            "" if one.kernel is None else f"{one.kernel:.3f} ± {one.kernel_error:.3f}",
            "the generator" if one == choice.chosen else "",
        )
        for one in choice.averages
    ]
    intro = (
        f"{choice} Each is a model folder, and can be given wherever a generator can. They made pictures of "
        "the same latents."
    )
    titles = ("folder in averages", "half-life in photos", "kernel distance x 1000", "")
    return [Section("Averages of the weights", [table(titles, rows)], intro=intro)]
