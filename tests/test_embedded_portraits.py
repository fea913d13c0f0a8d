"""The generator that ships with Partly, through the whole chain: no download, no photo, exact truth."""

import numpy as np
import pytest
import torch

import partly
from partly.data.labels.part_sets import FACE_PARTS
from partly.data.portraits.portrait_sets import draw_portraits, portrait_pairs, portrait_set
from partly.evaluation.generators.feature_rows import generator_figures, photo_features
from partly.evaluation.segmentation.photo_scoring import evaluate
from partly.fewshot.features.generator_features import latent_of
from partly.inference.segment.segment_photo_file import segment_photo
from partly.models.generators.latent_sampling import sample_w
from partly.models.zoo.downloads import shipped_generators
from partly.models.zoo.installed_feature_networks import load_feature_network
from partly.storage.model_folders import load_model

QUICK = {"n_pictures": 60, "size_px": 64, "architecture": "unet-small", "pretrained": False, "n_steps": 150}


@pytest.fixture(scope="module")
def generator():
    return partly.load_generator("portraits")


@pytest.fixture(scope="module")
def label():
    return partly.load_annotations("portraits")[:1]


@pytest.fixture(scope="module")
def teacher(generator, label):
    return partly.fit_few_shot(generator, label)


def test_it_is_small_and_says_how_it_was_made(generator):
    folder = shipped_generators()["portraits"]
    assert (folder / "model.safetensors").stat().st_size < 8e6
    card, tensors = load_model(folder, "generator/")
    assert card.extra["precision"] == "float16 on disk, float32 in use"
    assert card.extra["training"]["n_photos_shown"] >= 100_000
    assert {t.dtype for t in tensors.values() if t.is_floating_point()} == {torch.float16}
    assert {t.dtype for t in generator.state_dict().values() if t.is_floating_point()} == {torch.float32}
    assert generator.image_size_px == 64


@pytest.mark.slow
def test_its_pictures_are_like_drawings(generator, tmp_path):
    network = load_feature_network("builtin")
    features = photo_features(portrait_set(300, 64, 3, tmp_path), network, tmp_path)
    figures = generator_figures(generator, features, network, 300)
    assert figures.manifold.recall > 0.4
    assert figures.manifold.coverage > 0.5


def test_the_label_is_of_its_picture_and_has_all_parts(generator, label, teacher):
    [annotation] = label
    assert annotation.generator_digest == generator.digest
    assert set(np.unique(annotation.label_map)) == set(range(FACE_PARTS.n_parts))
    told = teacher.label(generator, latent_of(annotation, generator), 64).argmax(1)[0].numpy()
    height, width = annotation.label_map.shape
    own = annotation.label_map[height // 128 :: height // 64, width // 128 :: width // 64]
    assert (told == own).mean() > 0.85


def test_all_parts_but_ears_are_found_in_other_pictures(generator, teacher):
    w = torch.cat([sample_w(generator, 1, index) for index in range(16)])
    shares = torch.bincount(teacher.label(generator, w, 64).argmax(1).flatten(), minlength=10) / (16 * 64**2)
    # Most pictures show none, or a pale edge of one.
    known = [part for part in FACE_PARTS.names if part != "ear"]
    assert all(shares[FACE_PARTS.index(part)] > 0.005 for part in known)


@pytest.mark.slow
def test_one_label_to_masks_of_unseen_drawings(generator, teacher):
    network = partly.distil(generator, teacher, partly.DistilConfig(**QUICK))
    pairs = portrait_pairs(draw_portraits(24, seed=4), lambda p: segment_photo(network, p).label_map)
    assert evaluate(pairs, FACE_PARTS).mean_iou.pooled > 0.35
