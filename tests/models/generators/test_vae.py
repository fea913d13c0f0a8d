import json

import pytest
import torch
import torch.nn.functional as F

from partly.errors import BadModelFile, BadOption
from partly.models.generators.generator_table import load_generator
from partly.models.generators.latent_sampling import sample_w
from partly.models.generators.vae_decoder import UpBlock, VAEDecoder, VAEShape, load_vae
from tests.models.generators.contract import GeneratorContract

TINY = VAEShape(16, z_dim=5, channel_base=64, most_channels=8)


def tiny():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        decoder = VAEDecoder(TINY)
        for p in decoder.parameters():
            # Nothing is left at zero, where it begins.
            p.data.add_(0.1 * torch.randn_like(p))
    decoder.digest = "0" * 64
    return decoder.eval().requires_grad_(False)


class TestContract(GeneratorContract):
    @pytest.fixture
    def generator(self):
        return tiny()


def test_one_level_of_each_size():
    decoder = VAEDecoder(VAEShape(64))
    assert [(level.size_px, level.n_channels) for level in decoder.levels] == [
        (4, 256),
        (8, 128),
        (16, 64),
        (32, 32),
        (64, 16),
    ]


def test_a_block_begins_as_its_short_way():
    block, maps = UpBlock(3, 4), torch.randn(2, 3, 5, 5)
    wanted = block.short(F.interpolate(maps, scale_factor=2.0, mode="bilinear"))
    torch.testing.assert_close(block(maps), wanted + block.conv2.bias.view(1, -1, 1, 1))


def test_the_call_is_the_picture_with_slopes():
    decoder = tiny().requires_grad_(True)
    w = decoder.map(torch.randn(3, 5))
    images = decoder(w, torch.Generator())
    assert torch.equal(images, decoder.synthesise(w).images)
    assert images.abs().max() <= 1
    torch.autograd.backward(images.square().sum())
    assert [name for name, p in decoder.named_parameters() if p.grad is None] == []


def test_saved_and_read(tmp_path):
    decoder = tiny()
    decoder.save(tmp_path / "g", {})
    for again in (load_vae(tmp_path / "g"), load_generator(tmp_path / "g")):
        w = sample_w(decoder, 0, 0)
        assert torch.equal(again.synthesise(w).images, decoder.synthesise(w).images)
        assert again.digest == decoder.digest


def test_arguments_that_build_nothing(tmp_path):
    tiny().save(tmp_path, {})
    card = json.loads((tmp_path / "model.json").read_text())
    card["arguments"]["width"] = 3
    (tmp_path / "model.json").write_text(json.dumps(card))
    with pytest.raises(BadModelFile, match="its arguments build no VAE decoder"):
        load_vae(tmp_path)


def test_what_cannot_be():
    with pytest.raises(BadOption, match="pictures of 20 px; expected a power of two from 8 to 512"):
        VAEShape(20)
    with pytest.raises(BadOption, match=r"latents of shape \[2, 5\]; expected \[b, 1, 5\]"):
        tiny().synthesise(torch.zeros(2, 5))
