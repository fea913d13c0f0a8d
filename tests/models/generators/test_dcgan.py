import json
from dataclasses import replace

import pytest
import torch

from partly.errors import BadOption
from partly.models.generators.dcgan_generator import DCGAN, DCGANShape
from partly.models.generators.generator_table import load_generator
from partly.models.generators.latent_sampling import one_hot
from tests.models.generators.contract import TrainedGeneratorContract

TINY = DCGANShape(16, z_dim=5, last_channels=4)


def tiny(shape=TINY):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generator = DCGAN(shape)
        # Weights of 0.02 give pictures that hardly differ.
        for p in generator.parameters():
            p.data.mul_(5)
    generator.digest = "0" * 64
    return generator.eval().requires_grad_(False)


class TestContract(TrainedGeneratorContract):
    name = "DCGAN"

    @pytest.fixture
    def generator(self):
        return tiny()


class TestContractWithClasses(TrainedGeneratorContract):
    name = "DCGAN"

    @pytest.fixture
    def generator(self):
        return tiny(replace(TINY, classes=("cat", "dog")))


def test_the_shape_of_the_paper():
    """64 px: 1024 channels at 4 px in figure 1, with 128 before the picture."""
    generator = DCGAN(DCGANShape(64, last_channels=128))
    assert [(level.size_px, level.n_channels) for level in generator.levels] == [
        (4, 1024),
        (8, 512),
        (16, 256),
        (32, 128),
    ]
    assert generator.synthesise(torch.zeros(1, 1, 100)).images.shape == (1, 3, 64, 64)


def test_first_weights():
    generator = DCGAN(DCGANShape(64))
    for name, p in generator.named_parameters():
        if p.ndim == 4:
            assert p.std().item() == pytest.approx(0.02, rel=0.1), name
            assert abs(p.mean().item()) < 0.002


def test_a_class_stands_behind_the_latent_and_is_saved(tmp_path):
    generator = tiny(replace(TINY, classes=("cat", "dog")))
    w = generator.map(torch.ones(1, 5), one_hot(generator, ["dog"]))
    assert torch.equal(w, torch.tensor([[[1, 1, 1, 1, 1, 0, 1]]]))
    generator.class_means[1] = 3
    generator.save(tmp_path, {})
    assert json.loads((tmp_path / "model.json").read_text())["arguments"]["classes"] == ["cat", "dog"]
    again = load_generator(tmp_path)
    assert again.classes == ("cat", "dog")
    assert torch.equal(again.class_means, generator.class_means)


def test_a_model_folder_of_an_earlier_version(tmp_path):
    generator = tiny()
    generator.save(tmp_path, {})
    card = json.loads((tmp_path / "model.json").read_text())
    del card["arguments"]["classes"]
    (tmp_path / "model.json").write_text(json.dumps(card))
    again = load_generator(tmp_path)
    assert (again.classes, again.drawn_classes, again.class_means.shape) == ((), (), (0, 5))
    assert list(again.state_dict()) == list(generator.state_dict())
    assert "class_means" not in again.state_dict()


def test_what_cannot_be():
    with pytest.raises(BadOption, match="pictures of 256 px; expected a power of two from 16 to 128"):
        DCGANShape(256)
