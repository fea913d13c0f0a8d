"""Pictures that are unlike the photos of a generator are not proposed; without such photos, all may be."""

import numpy as np
import pytest
import torch

from partly.data.photos import find_photos, make_photo_set, write_png
from partly.fewshot.features import GeneratorFeatures
from partly.models.encoders.pooled_efficientnet import PooledEfficientNet
from partly.models.generators import Truncation, pixels_of
from partly.models.networks import EfficientNetLite0
from partly.project.picture_options import PicturesRequest
from partly.project.project_generator import load_project_generator
from partly.project.proposed_pictures import propose_pictures
from partly.project.real_pictures import worth_labelling
from partly.storage import ModelCard, save_model
from tests.evaluation.generators.tiny import Thumbnails

N = 16


@pytest.fixture
def source(project):
    return GeneratorFeatures(load_project_generator(project))


@pytest.fixture
def candidates(source):
    return [source.plain("proposals", 0, i, Truncation(0.5, 1.0)) for i in range(N)]


@pytest.fixture
def encoder(cache, monkeypatch):
    """EfficientNet-lite0 is in the cache, and thumbnails take its place."""
    torch.manual_seed(0)
    save_model(
        cache / "models" / "efficientnet-lite0",
        ModelCard("encoder/efficientnet-lite0", {}),
        EfficientNetLite0().state_dict(),
    )
    monkeypatch.setattr("partly.models.encoders.PooledEfficientNet", lambda _weights: Thumbnails())


@pytest.fixture
def trained_on(source, candidates, generator_folder, tmp_path):
    """The generator has learned from photos that are like the first candidate."""
    draws = np.random.default_rng(0)
    pixels = pixels_of(source.with_image(candidates[0], source.levels[0].size_px))
    for i in range(60):
        noise = draws.integers(-2, 3, pixels.shape)
        write_png(tmp_path / "photos" / f"{i}.png", (pixels + noise).clip(0, 255).astype(np.uint8))
    kept = generator_folder / "photos"
    make_photo_set(find_photos(tmp_path / "photos"), kept, source.image_size_px)
    yield
    for path in sorted(kept.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    kept.rmdir()


def test_without_photos_or_encoder_all_may_be_proposed(project, source, encoder):
    assert worth_labelling(project, source) is None


@pytest.mark.usefixtures("trained_on")
def test_without_the_encoder_all_may_be_proposed(project, source):
    assert worth_labelling(project, source) is None


@pytest.mark.usefixtures("encoder", "trained_on")
def test_pictures_unlike_the_photos_are_passed_over(project, source, candidates):
    worth = worth_labelling(project, source)
    assert worth is not None
    kept = list(worth(candidates))
    assert kept[0]
    assert sum(kept) == N // 4
    request = PicturesRequest(3, n_candidates=N, truncation=Truncation(0.5, 1.0))
    known = {picture.w.tobytes() for picture, is_kept in zip(candidates, kept, strict=True) if is_kept}
    proposed = propose_pictures(project, source.generator, request)
    assert {picture.w.tobytes() for picture in proposed} < known


@pytest.mark.usefixtures("encoder", "trained_on")
def test_where_more_are_wanted_than_are_worth_it_all_may_be_proposed(project, source):
    request = PicturesRequest(9, n_candidates=N)
    assert len(propose_pictures(project, source.generator, request)) == 9


@pytest.mark.usefixtures("cache")
def test_features_are_means_of_a_picture_alone(tmp_path):
    torch.manual_seed(0)
    network = EfficientNetLite0()
    save_model(tmp_path, ModelCard("encoder/efficientnet-lite0", {}), network.state_dict())
    pooled = PooledEfficientNet(tmp_path / "model.safetensors")
    images = torch.rand(3, 3, 128, 128) * 2 - 1
    rows = pooled.features(images)
    assert rows.shape == (3, pooled.n_features)
    with torch.no_grad():
        maps = network.eval()(images[1:2])[-2:]
    torch.testing.assert_close(rows[1], torch.cat([m.mean((2, 3))[0] for m in maps]), rtol=1e-3, atol=1e-9)
