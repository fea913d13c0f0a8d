"""A label on a photo becomes one on its latent: shapes, values, fitting on it, what is refused."""

import numpy as np
import pytest

from partly.data.labels import UNLABELLED
from partly.data.photos import photo_of
from partly.errors import BadLabel
from partly.fewshot.features import GeneratorFeatures
from partly.fewshot.fitting import FewShotConfig, fit_few_shot
from partly.inference.invert import InvertOptions, chosen_distance
from partly.inference.invert.latent_annotations import annotate_latent, label_in_square
from partly.models.generators import pixels_of, sample_w
from tests.fakes import TWO_PARTS

PIXELS = chosen_distance("pixels").distance
QUICK = InvertOptions(n_steps=2, fit="pad")


@pytest.fixture
def photo(generator):
    return photo_of(pixels_of(generator.synthesise(sample_w(generator, 3, 0)))[8:56])


def test_a_square_label_is_resampled():
    label_map = np.arange(16, dtype=np.uint8).reshape(4, 4) % 2
    assert np.array_equal(label_in_square(label_map, 8, "crop"), label_map.repeat(2, 0).repeat(2, 1))
    assert np.array_equal(label_in_square(label_map, 4, "pad"), label_map)


def test_what_is_beyond_the_photo_is_unlabelled_or_cut_off():
    label_map = np.ones((2, 4), np.uint8)
    label_map[:, [0, 3]] = 0
    padded = label_in_square(label_map, 4, "pad")
    assert (padded[[0, 3]] == UNLABELLED).all()
    assert np.array_equal(padded[1:3], label_map)
    assert (label_in_square(label_map, 2, "crop") == 1).all()


def test_the_annotation_can_be_fitted_on(generator, photo):
    label_map = np.zeros((48, 64), np.uint8)
    label_map[12:36, 16:48] = 1
    annotation, inverted = annotate_latent(generator, photo, label_map, QUICK, distance=PIXELS)
    assert annotation.label_map.shape == (64, 64)
    assert np.array_equal(annotation.label_map[8:56], label_map)
    assert np.array_equal(annotation.w, inverted.latent)
    assert (annotation.generator_digest, annotation.photo) == (generator.digest, None)
    config = FewShotConfig(n_statistics=4, n_self_training=0)
    segmenter = fit_few_shot(GeneratorFeatures(generator), [annotation], TWO_PARTS, config)
    logits = segmenter(GeneratorFeatures(generator).pyramid(annotation, 64), 64)
    assert logits.shape == (1, 2, 64, 64)


def test_a_label_of_another_shape(generator, photo):
    with pytest.raises(BadLabel, match="64 x 48 px, as the photo"):
        annotate_latent(generator, photo, np.zeros((64, 64), np.uint8), QUICK, distance=PIXELS)


def test_nothing_labelled_in_the_square(generator, photo):
    label_map = np.full((48, 64), UNLABELLED, np.uint8)
    label_map[:, :4] = 1
    options = InvertOptions(n_steps=2, enlarge=True)
    with pytest.raises(BadLabel, match="nothing is labelled of what the generator's square shows"):
        annotate_latent(generator, photo, label_map, options, distance=PIXELS)
