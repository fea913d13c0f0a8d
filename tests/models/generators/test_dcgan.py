import json
from dataclasses import replace

import pytest
import torch

from partly.errors import BadModelFile, BadOption
from partly.models.generators.dcgan_generator import DCGAN, DCGANShape, load_dcgan
from partly.models.generators.generator_table import load_generator
from partly.models.generators.latent_sampling import one_hot, sample_w
from tests.models.generators.contract import GeneratorContract

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


class TestContract(GeneratorContract):
    @pytest.fixture
    def generator(self):
        return tiny()


class TestContractWithClasses(GeneratorContract):
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


def test_the_call_is_the_picture_with_slopes():
    generator = tiny().requires_grad_(True)
    w = generator.map(torch.randn(3, 5))
    images = generator(w)
    assert torch.equal(images, generator.synthesise(w).images)
    assert images.abs().max() <= 1
    torch.autograd.backward(images.sum())
    assert all(p.grad is not None for p in generator.parameters())


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


def test_saved_and_read(tmp_path):
    generator = tiny()
    generator.save(tmp_path / "g", {})
    for again in (load_dcgan(tmp_path / "g"), load_generator(tmp_path / "g")):
        w = sample_w(generator, 0, 0)
        assert torch.equal(again.synthesise(w).images, generator.synthesise(w).images)
        assert again.digest == generator.digest


def test_arguments_that_build_nothing(tmp_path):
    tiny().save(tmp_path, {})
    card = json.loads((tmp_path / "model.json").read_text())
    card["arguments"]["image_size_px"] = 20
    (tmp_path / "model.json").write_text(json.dumps(card))
    with pytest.raises(BadModelFile, match="its arguments build no DCGAN"):
        load_dcgan(tmp_path)


def test_what_cannot_be():
    with pytest.raises(BadOption, match="pictures of 256 px; expected a power of two from 16 to 128"):
        DCGANShape(256)
    with pytest.raises(BadOption, match=r"latents of shape \[2, 5\]; expected \[b, 1, 5\]"):
        tiny().synthesise(torch.zeros(2, 5))
    with pytest.raises(BadOption, match="features up to 3 px; expected 4 px or more"):
        tiny().synthesise(torch.zeros(2, 1, 5), features_px=3)
