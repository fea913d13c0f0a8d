import json

import pytest
import torch

from partly.errors import BadModelFile, BadOption
from partly.models.generators.generator_table import load_generator
from partly.models.generators.latent_sampling import sample_w
from partly.models.generators.mlp_generator import MLPGenerator, MLPShape, load_mlp
from tests.models.generators.contract import GeneratorContract


def tiny(shape=MLPShape(6, z_dim=5, hidden=(7,))):  # noqa: B008
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generator = MLPGenerator(shape)
    generator.digest = "0" * 64
    return generator.eval().requires_grad_(False)


class TestContract(GeneratorContract):
    @pytest.fixture
    def generator(self):
        return tiny()


class TestContractInColourWithoutHiddenLayers(GeneratorContract):
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


def test_saved_and_read(tmp_path):
    generator = tiny()
    generator.save(tmp_path / "g", {})
    for again in (load_mlp(tmp_path / "g"), load_generator(tmp_path / "g")):
        w = sample_w(generator, 0, 0)
        assert torch.equal(again.synthesise(w).images, generator.synthesise(w).images)


@pytest.mark.parametrize("change", [{"image_size_px": 1}, {"hidden": None}])
def test_arguments_that_build_nothing(tmp_path, change):
    tiny().save(tmp_path, {})
    card = json.loads((tmp_path / "model.json").read_text())
    card["arguments"] |= change
    (tmp_path / "model.json").write_text(json.dumps(card))
    with pytest.raises(BadModelFile, match="its arguments build no MLP generator"):
        load_mlp(tmp_path)


def test_what_cannot_be():
    with pytest.raises(BadOption, match="pictures of 1 px; expected 2 or more"):
        MLPShape(1)
    with pytest.raises(BadOption, match=r"latents of shape \[2, 5\]; expected \[b, 1, 5\]"):
        tiny().synthesise(torch.zeros(2, 5))
    with pytest.raises(BadOption, match="features up to 0 px; expected 1 px or more"):
        tiny().synthesise(torch.zeros(2, 1, 5), features_px=0)
