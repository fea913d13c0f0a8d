"""What was found of a generator: figures, suspected copies, and pictures and photos to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partly.evaluation.metrics.difference_scores import Differences
from partly.evaluation.metrics.evaluation_scores import Skipped
from partly.evaluation.metrics.generator_figures import GeneratorFigures
from partly.evaluation.metrics.reconstruction_errors import MinimumReconstruction

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Pair:
    """A picture and a photo that lie close among the features.

    Attributes:
        picture: ``uint8 [h, w, 3]``.
        picture_index: of its latent, by which the same seed makes it again.
        photo: ``uint8 [h, w, 3]``.
        photo_name: of the photo.
        distance: of their features.
        ratio: that distance divided by what is usual; see :class:`GeneratorEvaluation`.
    """

    picture: Pixels
    picture_index: int
    photo: Pixels
    photo_name: str
    distance: float
    ratio: float

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, without the pixels."""
        return {
            "picture": self.picture_index,
            "photo": self.photo_name,
            "distance": self.distance,
            "ratio": self.ratio,
        }


@dataclass(frozen=True)
class Memorisation:
    """How many pictures are suspected to be copies of photos.

    Attributes:
        n_suspects: pictures that lie closer to a photo than all but ``quantile`` of the photos do to another.
        share: of all pictures; about ``quantile`` where nothing is copied.
        quantile: see above.
        threshold: the distance up to which a picture is suspected.
    """

    n_suspects: int
    share: float
    quantile: float
    threshold: float


@dataclass(frozen=True, eq=False)
class GeneratorEvaluation:
    """How a generator's pictures compare with photos, and what to look at.

    Attributes:
        figures: the figures.
        seed: of the pictures.
        memorisation: how many are suspected of it; "copies" in JSON, as ever.
        random_pictures: the first pictures of the seed, ``uint8 [s, s, 3]`` each.
        closest: pictures and the photos that they lie closest to, closest first; the ratio is to the distance
            up to which pictures are suspected, so 1 or less is a suspect.
        least_covered: photos and the pictures that lie closest to them, the least covered first; the ratio is
            to the distance of the photo's fifth neighbour among photos, so above 1 the photo is not covered.
        skipped: photos that could not be read; they are in no figure.
        reconstruction: the minimum reconstruction error, where it was asked for.
        notes: what a reader of the figures should know, one sentence each.
        differences: how pictures differ from photos, where it was asked for.
    """

    figures: GeneratorFigures
    seed: int
    memorisation: Memorisation
    random_pictures: tuple[Pixels, ...] = ()
    closest: tuple[Pair, ...] = ()
    least_covered: tuple[Pair, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    reconstruction: MinimumReconstruction | None = None
    notes: tuple[str, ...] = ()
    differences: Differences | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values: every figure, the pairs by name and index, no pixels."""
        return {
            "kind": "generator evaluation",
            "schema_version": 1,
            "seed": self.seed,
            **self.figures.to_json(),
            "copies": vars(self.memorisation),
            "closest": [pair.to_json() for pair in self.closest],
            "least_covered": [pair.to_json() for pair in self.least_covered],
            "skipped": [vars(photo) for photo in self.skipped],
            **({} if self.reconstruction is None else {"reconstruction": self.reconstruction.to_json()}),
            **({} if self.differences is None else {"differences": self.differences.to_json()}),
            "notes": list(self.notes),
        }
