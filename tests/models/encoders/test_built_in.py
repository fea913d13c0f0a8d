import numpy as np
import pytest
import torch
import torch.nn.functional as F

from partly.evaluation.metrics.kernel_distances import mmd_squared
from partly.models.encoders.built_in_features import built_in_features, reference_pictures
from partly.models.encoders.feature_network import FeatureNetwork

# The weights are drawn: they must be these on every machine, or no two figures could be compared.
DIGEST = "9c853fb19bf0ae9e933c31161562d3cc7a1d1d7c616dfe9368fbf5a3e7e6b0f4"


@pytest.fixture(scope="module")
def network():
    return built_in_features()


def blobs(n, seed, spread=0.3):
    """Pictures of 32 px, one light blob somewhere in each."""
    draws = np.random.default_rng(seed)
    y, x = np.mgrid[-1:1:32j, -1:1:32j]
    places = draws.uniform(-spread, spread, (n, 2, 1, 1))
    light = np.exp(-8 * ((x - places[:, 0]) ** 2 + (y - places[:, 1]) ** 2))
    return torch.from_numpy(light[:, None] * draws.uniform(0.8, 1, (n, 3, 1, 1))).float() * 2 - 1


def test_it_is_the_same_everywhere(network):
    assert network.digest == DIGEST
    assert built_in_features() is network
    assert isinstance(network, FeatureNetwork)


def test_no_feature_outweighs_the_others(network):
    rows = torch.cat([network.features(images) for images in reference_pictures().split(16)])
    assert rows.shape == (128, network.n_features)
    assert rows.dtype == torch.float32
    assert rows.mean(0).abs().max() < 1e-3
    assert (rows.std(0) - 1).abs().max() < 1e-3


@pytest.mark.parametrize("size_px", [8, 28, 64, 150])
def test_pictures_of_any_size(network, size_px):
    assert network.features(torch.zeros(2, 3, size_px, size_px)).isfinite().all()


def test_a_picture_does_not_depend_on_the_others(network):
    images = blobs(5, 0)
    alone, among = network.features(images[3:4]), network.features(images)[3:4]
    assert (alone - among).abs().max() < 1e-4


def test_the_size_matters_little(network):
    images = blobs(20, 1)
    larger = F.interpolate(images, size=(64, 64), mode="bilinear")
    apart = (network.features(images) - network.features(larger)).norm(dim=1).mean()
    assert apart < 0.1 * (network.features(images) - network.features(images.roll(1, 0))).norm(dim=1).mean()


def test_figures_rise_as_pictures_get_worse(network):
    n = 40
    photos = network.features(blobs(n, 2)).numpy()
    noise = torch.randn(n, 3, 32, 32, generator=torch.Generator().manual_seed(0))

    def distance(images):
        return mmd_squared(photos, network.features(images).numpy())

    like, noisy, noisier, moved = map(
        distance,
        (
            blobs(n, 3),
            (blobs(n, 3) + 0.2 * noise).clamp(-1, 1),
            (blobs(n, 3) + 0.5 * noise).clamp(-1, 1),
            blobs(n, 3, spread=0.8),
        ),
    )
    assert 5 * abs(like) < min(noisy, moved)
    assert noisy < noisier
