"""Pictures that are unlike the photos of a generator are not proposed; without such photos, all may be."""

import numpy as np
import pytest

from partly.evaluation.generators import PhotoFeatures, keep_known_photos
from partly.fewshot.features import GeneratorFeatures
from partly.models.generators import Truncation
from partly.models.zoo import load_feature_network
from partly.project.picture_options import PicturesRequest
from partly.project.project_generator import load_project_generator
from partly.project.proposed_pictures import propose_pictures
from partly.project.worth_labelling import worth_labelling


@pytest.fixture
def source(project):
    return GeneratorFeatures(load_project_generator(project))


@pytest.fixture
def candidates(source):
    return [source.plain("proposals", 0, i, Truncation(0.5, 1.0)) for i in range(12)]


def _like(source, pictures):
    """Features of photos that are nearly these pictures."""
    network = load_feature_network("builtin")
    rows = np.concatenate(
        [network.features(source.with_image(p, source.levels[0].size_px).images).numpy() for p in pictures]
    )
    noise = np.random.default_rng(0).normal(size=(60, rows.shape[1])).astype(np.float32)
    return PhotoFeatures(
        np.concatenate([rows + 1e-3 * some for some in noise[: 60 // len(rows)]]), network.digest
    )


def test_without_photos_all_may_be_proposed(project, source):
    assert worth_labelling(project, source) is None


def test_pictures_unlike_the_photos_are_passed_over(project, source, candidates, generator_folder):
    likely = candidates[::2]
    keep_known_photos(generator_folder, _like(source, likely))
    try:
        worth = worth_labelling(project, source)
        assert worth is not None
        assert list(worth(candidates)) == [i % 2 == 0 for i in range(12)]
        proposed = propose_pictures(
            project, source.generator, PicturesRequest(4, n_candidates=12, truncation=(0.5, 1.0))
        )
        known = {candidate.w.tobytes() for candidate in likely}
        assert all(picture.w.tobytes() in known for picture in proposed)
        # More than may be proposed: then all may.
        assert len(propose_pictures(project, source.generator, PicturesRequest(9, n_candidates=12))) == 9
    finally:
        (generator_folder / "known-photos.safetensors").unlink()
