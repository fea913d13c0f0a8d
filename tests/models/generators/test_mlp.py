import pytest
import torch

from partly.errors import BadOption
from partly.models.generators.mlp_generator import MLPGenerator, MLPShape
from tests.models.generators.contract import TrainedGeneratorContract


def tiny(shape=MLPShape(6, z_dim=5, hidden=(7,))):  # noqa: B008
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generator = MLPGenerator(shape)
    generator.digest = "0" * 64
    return generator.eval().requires_grad_(False)


class TestContract(TrainedGeneratorContract):
    name = "MLP generator"
    impossible = ({"surprise": 1}, {"image_size_px": 1}, {"hidden": None})

    @pytest.fixture
    def generator(self):
        return tiny()


class TestContractInColourWithoutHiddenLayers(TrainedGeneratorContract):
    name = "MLP generator"
    impossible = ({"surprise": 1}, {"image_size_px": 1}, {"hidden": None})

    @pytest.fixture
    def generator(self):
        return tiny(MLPShape(6, z_dim=5, is_grey=False))


def test_a_picture_is_one_linear_layer_and_a_sigmoid():
    """The 100-784 generator of digits."""
    generator = MLPGenerator(MLPShape())
    assert sum(p.numel() for p in generator.parameters()) == 100 * 784 + 784
    z = torch.randn(2, 100)
    wanted = torch.sigmoid(z @ generator.pixels.weight.T + generator.pixels.bias).view(2, 1, 28, 28)
    torch.testing.assert_close(generator(generator.map(z)), (2 * wanted - 1).expand(-1, 3, -1, -1))


def test_what_cannot_be():
    with pytest.raises(BadOption, match="pictures of 1 px; expected 2 or more"):
        MLPShape(1)
