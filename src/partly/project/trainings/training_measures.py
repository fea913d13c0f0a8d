"""How the pictures of a training compare with its photos, as the training goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partly.data.photos import PhotoSet
from partly.evaluation.generators import PhotoFeatures, generator_figures, photo_features
from partly.evaluation.metrics import LEAST_PHOTOS
from partly.models.encoders import FeatureNetwork
from partly.models.generators import Generator
from partly.models.zoo import load_feature_network
from partly.project.trainings.training_folder import TrainingFolder

OnProgress = Callable[[str, int, int], None]
_N_PHOTOS, _N_PICTURES = 2000, 1000


def tell_nobody(*_: object) -> None:
    """Where nobody asks how far it is."""


class Measures:
    """Measures with the built-in feature network, whenever twice as many photos were shown as the last time.

    Args:
        place: of the training.
        photos: that are learned from.
        n_photos: how many of them are compared with; always the same.
        n_pictures: how many pictures are made each time.
        on_progress: told what is looked at, how many are done, and of how many; it takes minutes.
    """

    def __init__(
        self,
        place: TrainingFolder,
        photos: PhotoSet,
        n_photos: int = _N_PHOTOS,
        n_pictures: int = _N_PICTURES,
        on_progress: OnProgress = tell_nobody,
    ) -> None:
        self._place, self._photos, self.on_progress = place, photos, on_progress
        self._n_photos, self._n_pictures = n_photos, n_pictures

    def take(self, generator: Generator, n_shown: int, *, is_last: bool) -> None:
        """Measure, if it is time, and write it down; where photos are too few for it, nothing is done.

        Args:
            generator: in eval mode.
            n_shown: photos shown so far.
            is_last: the training ends here, so that it is time.
        """
        known = [line["n_seen"] for line in self._place.measures()]
        is_due = not known or n_shown >= 2 * known[-1] or (is_last and n_shown > known[-1])
        if not is_due or len(self._photos) < LEAST_PHOTOS:
            return
        figures = generator_figures(
            generator,
            self._features,
            self._network,
            self._n_pictures,
            on_rows=partial(self.on_progress, "measuring, pictures"),
        )
        line: dict[str, Any] = {
            "n_seen": n_shown,
            "n_photos": figures.n_photos,
            "n_pictures": figures.n_pictures,
            "network": figures.network,
            "frechet": figures.frechet,
            "kernel": 1000 * figures.kernel.mean,
            "kernel_error": 1000 * figures.kernel.standard_error,
            "precision": figures.manifold.precision,
            "recall": figures.manifold.recall,
            "density": figures.manifold.density,
            "coverage": figures.manifold.coverage,
        }
        with self._place.measures_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def photo_rows(self) -> tuple[NDArray[np.float32], FeatureNetwork, bool]:
        """Features of the photos that are compared with, the network, and that they were not held out."""
        return self._features.rows, self._network, False

    @cached_property
    def _network(self) -> FeatureNetwork:
        return load_feature_network("builtin")

    @cached_property
    def _features(self) -> PhotoFeatures:
        return photo_features(
            self._photos,
            self._network,
            self._place.photos,
            partial(self.on_progress, "measuring, photos"),
            self._n_photos,
        )
