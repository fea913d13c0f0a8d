import numpy as np
import pytest
import torch

from partly.data.photos.photo_sets import make_photo_set
from partly.data.photos.photo_sources import find_photos
from partly.errors import BadOption, TrainingDiverged
from partly.evaluation.generators import feature_rows as features
from partly.evaluation.generators import picture_bytes as pictures_module
from partly.evaluation.generators.feature_rows import (
    PhotoFeatures,
    generator_figures,
    photo_features,
    picture_features,
)
from partly.evaluation.generators.generator_assessment import evaluate_generator
from partly.models.generators.latent_sampling import sample_w
from partly.models.generators.picture_pixels import pixels_of
from tests.evaluation.generators.tiny import SIZE_PX, Thumbnails, pictures, tiny_generator, write_photos


@pytest.fixture(scope="module")
def generator():
    return tiny_generator()


@pytest.fixture
def network(monkeypatch):
    monkeypatch.setattr(features, "_BLOCK", 16)
    return Thumbnails()


@pytest.fixture(scope="module")
def photos(generator, tmp_path_factory):
    """Photos that are pictures of another seed, and one that is picture 5 of seed 0."""
    folder = tmp_path_factory.mktemp("photos")
    write_photos(
        folder / "given", np.concatenate([pictures(generator, 1, 40), pictures(generator, 0, 6)[5:]])
    )
    return make_photo_set(find_photos(folder / "given").sources, folder / "squares", SIZE_PX)


def test_pictures_by_index(generator, monkeypatch):
    monkeypatch.setattr(pictures_module, "_PIXELS_AT_ONCE", 3 * SIZE_PX**2)
    batches = list(pictures_module.make_pictures(generator, 4, [9, 2, 5, 0]))
    assert [len(batch) for batch in batches] == [3, 1]
    for index, pixels in zip([9, 2, 5, 0], np.concatenate(batches), strict=True):
        alone = pixels_of(generator.synthesise(sample_w(generator, 4, index, purpose="evaluation")))
        assert np.abs(alone.astype(int) - pixels).max() <= 1


def test_features_are_those_of_the_network(generator, photos, network):
    rows = photo_features(photos, network).rows
    images = torch.from_numpy(np.array(photos.squares)).permute(0, 3, 1, 2) / 127.5 - 1
    expected = torch.nn.functional.adaptive_avg_pool2d(images, 3).flatten(1)
    np.testing.assert_allclose(rows, expected, atol=1e-6)
    made = picture_features(generator, network, 33, 1)
    np.testing.assert_allclose(made, rows[:33], atol=1e-6)


def test_what_is_computed_is_kept(generator, photos, network, tmp_path):
    told = []
    first = picture_features(generator, network, 20, 0, tmp_path, lambda *n: told.append(n))
    assert told[-1] == (20, 20)
    assert network.n_seen == 20
    assert np.array_equal(picture_features(generator, network, 20, 0, tmp_path), first)
    assert network.n_seen == 20
    more = picture_features(generator, network, 40, 0, tmp_path)
    assert network.n_seen == 20 + 24  # the block of 4 is made anew, whole
    np.testing.assert_allclose(more[:20], first, atol=1e-6)
    assert np.array_equal(picture_features(generator, network, 18, 0, tmp_path), more[:18])
    assert network.n_seen == 44
    picture_features(generator, network, 4, 1, tmp_path)
    assert network.n_seen == 48
    photo_features(photos, network, tmp_path)
    photo_features(photos, network, tmp_path)
    assert network.n_seen == 48 + len(photos)


def test_a_stop_loses_little(generator, network, tmp_path):
    def stop(done, total):
        if done > 32:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        picture_features(generator, network, 48, 0, tmp_path, stop)
    network.n_seen = 0
    rows = picture_features(generator, network, 48, 0, tmp_path)
    assert network.n_seen == 16
    np.testing.assert_array_equal(rows, picture_features(generator, network, 48, 0))


@pytest.mark.parametrize("damage", [b"", b"no safetensors"])
def test_damaged_blocks_are_made_anew(generator, network, tmp_path, damage):
    rows = picture_features(generator, network, 20, 0, tmp_path)
    blocks = sorted(tmp_path.rglob("*.safetensors"))
    assert len(blocks) == 2
    blocks[0].write_bytes(damage)
    assert np.array_equal(picture_features(generator, network, 20, 0, tmp_path), rows)
    assert network.n_seen == 36


def test_other_networks_and_generators_share_nothing(generator, network, tmp_path):
    picture_features(generator, network, 4, 0, tmp_path)
    other = Thumbnails()
    other.digest = "e" * 64
    picture_features(generator, other, 4, 0, tmp_path)
    assert other.n_seen == 4
    training = tiny_generator()
    training.digest = ""
    for _ in range(2):
        picture_features(training, other, 4, 0, tmp_path)
    assert other.n_seen == 12
    assert len(list(tmp_path.iterdir())) == 2


def test_figures_at_intervals(generator, photos, network):
    seen = photo_features(photos, network)
    state = torch.get_rng_state()
    figures = generator_figures(generator, seen, network, 30)
    assert torch.equal(torch.get_rng_state(), state)
    assert figures == generator_figures(generator, seen, network, 30)
    assert figures.manifold.coverage > 0.5
    assert figures.network == "thumbnails"
    worse = tiny_generator()
    worse.to_rgb.bias.data.add_(1)
    assert generator_figures(worse, seen, network, 30).kernel.mean > 10 * abs(figures.kernel.mean)
    collapsed = tiny_generator()
    collapsed.map = lambda z, condition=None: generator.map(0.02 * z, condition)
    found = generator_figures(collapsed, seen, network, 30).manifold
    assert found.coverage < 0.5 * figures.manifold.coverage
    assert found.recall < 0.5 * figures.manifold.recall


def test_some_photos_are_always_the_same(photos, network):
    seen = photo_features(photos, network)
    some = seen.some(10)
    assert len(some) == 10
    assert np.array_equal(some.rows, seen.some(10).rows)
    assert not np.array_equal(some.rows, seen.some(10, seed=1).rows)
    assert {row.tobytes() for row in some.rows} <= {row.tobytes() for row in seen.rows}
    assert np.array_equal(some.rows, photo_features(photos, network, n_most=10).rows)
    assert seen.some(100) is seen


def test_features_of_another_network_are_refused(generator, network):
    other = PhotoFeatures(np.zeros((9, 27), np.float32), "ab" * 32)
    with pytest.raises(
        BadOption,
        match=r"are of a network abababababababab…; expected ffffffffffffffff…, 'thumbnails'\. Compute them",
    ):
        generator_figures(generator, other, network)


def test_a_diverged_generator_is_named(photos, network):
    generator = tiny_generator()
    generator.to_rgb.bias.data.fill_(torch.nan)
    seen = photo_features(photos, network)
    with pytest.raises(
        TrainingDiverged,
        match=r"pictures 0 and following of seed 2 are no numbers; expected .* take an earlier checkpoint",
    ):
        generator_figures(generator, seen, network, 8, seed=2)


def test_a_whole_evaluation(generator, photos, network, tmp_path):
    told = []
    evaluation = evaluate_generator(
        generator, photos, network, 30, n_shown=4, folder=tmp_path, on_progress=lambda *n: told.append(n)
    )
    assert [title for i, (title, *_) in enumerate(told) if i == 0 or told[i - 1][0] != title] == [
        "looking at photos",
        "making and looking at pictures",
        "comparing",
    ]
    assert evaluation.figures == generator_figures(generator, photo_features(photos, network), network, 30)
    assert len(evaluation.random_pictures) == 30
    copy = evaluation.closest[0]
    assert (copy.picture_index, copy.photo_name) == (5, "040.png")
    assert copy.ratio < 0.1
    np.testing.assert_allclose(copy.picture.astype(int), copy.photo, atol=1)
    assert evaluation.memorisation.n_suspects >= 1
    assert len({pair.photo_name for pair in evaluation.closest}) == 4
    distances = [pair.distance for pair in evaluation.closest]
    assert distances == sorted(distances)
    ratios = [pair.ratio for pair in evaluation.least_covered]
    assert ratios == sorted(ratios, reverse=True)
    assert any("One in a hundred" in note for note in evaluation.notes)


def test_too_few_are_refused_at_once(generator, photos, network):
    with pytest.raises(BadOption, match="there are 2 pictures to measure with; expected 4 or more"):
        evaluate_generator(generator, photos, network, 2)
    assert network.n_seen == 0
