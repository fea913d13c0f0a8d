import json

import pytest
import torch

from partly.errors import BadModelFile, BadOption
from partly.models.encoders.encoder_table import load_representation
from partly.models.encoders.vae_encoder import VAEEncoder, VAEEncoderShape, load_vae_encoder
from tests.models.encoders.contract import RepresentationContract, photos

TINY = VAEEncoderShape(16, z_dim=5, channel_base=64, most_channels=8)


def tiny():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = VAEEncoder(TINY)
        for p in encoder.parameters():
            # Nothing is left at zero, where it begins.
            p.data.add_(0.1 * torch.randn_like(p))
    encoder.digest = "0" * 64
    return encoder.eval().requires_grad_(False)


class TestContract(RepresentationContract):
    @pytest.fixture
    def representation(self):
        return tiny()


def test_one_level_of_each_size():
    encoder = VAEEncoder(VAEEncoderShape(64))
    assert [(level.name, level.size_px, level.n_channels) for level in encoder.levels] == [
        ("4px", 4, 256),
        ("8px", 8, 128),
        ("16px", 16, 64),
        ("32px", 32, 32),
        ("64px", 64, 16),
    ]


def test_posteriors_differ_by_photo():
    encoder = tiny()
    mean, log_variance = encoder(photos(encoder))
    assert mean.shape == log_variance.shape == (3, 5)
    assert mean.std(0).min() > 0
    assert log_variance.std(0).min() > 0


def test_posteriors_begin_as_wide_as_the_prior():
    encoder = VAEEncoder(TINY)
    assert encoder(photos(encoder))[1].abs().max() == 0


def test_all_parameters_are_learned():
    encoder = tiny().requires_grad_(True)
    mean, log_variance = encoder(photos(encoder))
    torch.autograd.backward((mean + log_variance).square().sum())
    assert [name for name, p in encoder.named_parameters() if p.grad is None] == []


def test_read_by_its_own_loader(tmp_path):
    encoder = tiny()
    encoder.save(tmp_path / "r", {"title": "tiny"})
    assert load_vae_encoder(tmp_path / "r").digest == encoder.digest


def test_a_folder_of_another_kind(tmp_path, generator_folder):
    text = r"is a model of kind 'generator/.*'; expected a representation: representation/vae-encoder"
    with pytest.raises(BadModelFile, match=text):
        load_representation(generator_folder)


def test_arguments_that_build_nothing(tmp_path):
    tiny().save(tmp_path, {})
    card = json.loads((tmp_path / "model.json").read_text())
    card["arguments"]["image_size_px"] = 17
    (tmp_path / "model.json").write_text(json.dumps(card))
    with pytest.raises(BadModelFile, match="its arguments build no VAE encoder"):
        load_vae_encoder(tmp_path)


def test_sizes_that_cannot_be():
    with pytest.raises(BadOption, match="pictures of 4 px; expected a power of two from 8 to 512"):
        VAEEncoderShape(4)
