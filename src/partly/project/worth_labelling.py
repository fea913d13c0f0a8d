"""Pictures that are unlike photos are not proposed: a part that is not there cannot be painted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from partly.data.labels import Picture
from partly.errors import BadModelFile, NotAvailable
from partly.project.project_folder import Project

if TYPE_CHECKING:
    from partly.fewshot.acquisition import Worth
    from partly.fewshot.features import GeneratorFeatures

_ENOUGH_PHOTOS = 50


def worth_labelling(project: Project, source: GeneratorFeatures) -> Worth | None:
    """Which of some pictures of a generator are like photos; None where its photos are not known.

    A picture is passed over if it lies outside of the photos that the generator learned from (a realism
    below 1) and in the less real half of the pictures. So of a good generator hardly one is passed over, and
    half of those of a bad one.

    Args:
        project: with a generator.
        source: the generator as a source of features.
    """
    from partly.evaluation.generators import known_photos
    from partly.models.zoo import generator_folder, load_feature_network

    try:
        folder = generator_folder(project.generator_source)
    except (BadModelFile, NotAvailable):
        return None
    network = load_feature_network("builtin")
    photos = known_photos(Path(folder), network.digest)
    if photos is None or len(photos) < _ENOUGH_PHOTOS:
        return None

    def worth(pictures: Sequence[Picture]) -> Sequence[bool]:
        from partly.evaluation.metrics import realism

        rows = []
        for picture in pictures:
            image = source.with_image(picture, source.levels[0].size_px).images
            assert image is not None, "a picture was asked for"
            rows.append(network.features(image).numpy())
        real = realism(photos.rows, np.concatenate(rows))
        kept: list[bool] = (real >= min(1.0, float(np.median(real)))).tolist()
        return kept

    return worth
