import pytest
import torch

from partly.errors import BadModelFile, BadOption
from partly.models.encoders.efficientnet_features import (
    KIND,
    EfficientNetFeatures,
    EfficientNetShape,
    load_efficientnet_features,
)
from partly.models.networks.efficientnet_encoder import EfficientNetLite0
from partly.storage.model_folders import ModelCard, save_model
from tests.models.encoders.contract import RepresentationContract, photos


@pytest.fixture(scope="module")
def network():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = EfficientNetFeatures(EfficientNetShape(64))
        # Its batch norms learn what photos give, so that nothing fades on the way.
        network.train()
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = 1.0
        with torch.no_grad():
            network.read(photos(network, 8))
    network.digest = "0" * 64
    return network.eval().requires_grad_(False)


class TestContract(RepresentationContract):
    # Norms make differences of the last digit as large as the little that noise leaves after five halvings.
    tolerance = 1e-3
    of_halves = 0.6

    @pytest.fixture
    def representation(self, network):
        return network


def test_levels_are_the_sizes_of_the_encoder():
    with torch.device("meta"):
        network = EfficientNetFeatures(EfficientNetShape())
    assert [(n.name, n.size_px, n.n_channels) for n in network.levels] == [
        ("1/32", 14, 320),
        ("1/16", 28, 112),
        ("1/8", 56, 40),
        ("1/4", 112, 24),
        ("1/2", 224, 16),
    ]


def test_the_folder_that_partly_gets(network, tmp_path):
    """It was written without arguments, for auto-shot networks."""
    encoder = EfficientNetLite0().eval()
    card = save_model(tmp_path, ModelCard(KIND, {}), encoder.state_dict())
    read = load_efficientnet_features(tmp_path)
    assert (read.image_size_px, read.digest) == (448, card.weights_sha256)
    images = photos(network, 1)
    with torch.no_grad():
        wanted = encoder(images)
    for maps, one in zip(read.read(images).maps, wanted[::-1], strict=True):
        assert torch.equal(maps, one)


def test_other_folders_and_sizes(tmp_path):
    save_model(tmp_path, ModelCard(KIND, {"image_size_px": 40}), {"a": torch.zeros(1)})
    with pytest.raises(BadModelFile, match=r"build no EfficientNet-lite0 \(photos of 40 px; expected a"):
        load_efficientnet_features(tmp_path)
    save_model(tmp_path, ModelCard(KIND, {}), {"a": torch.zeros(1)})
    with pytest.raises(BadModelFile, match="its weights do not fit"):
        load_efficientnet_features(tmp_path)
    with pytest.raises(BadOption, match="photos of 16 px; expected a multiple of 32"):
        EfficientNetShape(16)
