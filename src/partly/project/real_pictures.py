"""Pictures that are unlike photos are not proposed: a part that is not there cannot be painted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from partly.data.labels import Picture
from partly.data.photos import kept_photo_set
from partly.errors import BadModelFile, NotAvailable
from partly.project.project_folder import Project
from partly.project.trainings.training_folder import TrainingFolder

if TYPE_CHECKING:
    from partly.fewshot.acquisition import Worth
    from partly.fewshot.features import GeneratorFeatures

_N_PHOTOS = 600
_LEAST_PHOTOS = 50
_KEPT = 0.25
_LEAST_SPREAD = 1e-3


def worth_labelling(project: Project, source: GeneratorFeatures) -> Worth | None:
    """Which of some pictures of a generator are like photos; None where that cannot be told.

    Kept are those within the photos that the generator learned from (a realism of 1 or more, by
    :func:`partly.evaluation.metrics.realism`), or else the most real quarter. EfficientNet-lite0 compares
    them: features that were not learned take dark and torn pictures for real ones (docs/lab.md).

    It can be told where the generator was trained on this machine, and ``partly get efficientnet-lite0`` was
    run; ``partly distil`` and ``partly demo`` run it.

    Args:
        project: with a generator.
        source: the generator as a source of features.
    """
    from partly.evaluation.generators import photo_features
    from partly.evaluation.metrics import realism
    from partly.models.encoders import PooledEfficientNet
    from partly.models.zoo import encoder_weights, generator_folder

    try:
        place = TrainingFolder(generator_folder(project.generator_source))
        photo_set = kept_photo_set(place.photos, source.image_size_px)
        if photo_set is None or len(photo_set) < _LEAST_PHOTOS:
            return None
        network = PooledEfficientNet(encoder_weights())
    except (BadModelFile, NotAvailable):
        return None
    photos = photo_features(photo_set, network, place.photos, n_most=_N_PHOTOS).rows
    spread = photos.std(axis=0) + _LEAST_SPREAD

    def worth(pictures: Sequence[Picture]) -> Sequence[bool]:
        rows = []
        for picture in pictures:
            image = source.with_image(picture, source.levels[0].size_px).images
            assert image is not None, "a picture was asked for"
            rows.append(network.features(image.clamp(-1, 1)).numpy())
        real = realism(photos / spread, np.concatenate(rows) / spread)
        kept: list[bool] = (real >= min(1.0, float(np.quantile(real, 1 - _KEPT)))).tolist()
        return kept

    return worth
