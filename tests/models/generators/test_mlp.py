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


class TestContractWithCodes(TrainedGeneratorContract):
    name = "MLP generator"
    impossible = ({"surprise": 1}, {"image_size_px": 1}, {"hidden": None})

    @pytest.fixture
    def generator(self):
        generator = tiny(
            MLPShape(6, z_dim=5, hidden=(7,), classes=("code 1", "code 2"), n_continuous_codes=3)
        )
        generator.class_means[:, 8:] = torch.eye(2)
        return generator


def test_codes_stand_behind_z():
    generator = MLPGenerator(MLPShape(6, z_dim=5, classes=("code 1", "code 2"), n_continuous_codes=3))
    z, condition = torch.randn(2, 8), torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    assert (generator.z_dim, generator.w_dim) == (8, 10)
    assert torch.equal(generator.map(z, condition)[:, 0], torch.cat([z, condition], dim=1))


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
