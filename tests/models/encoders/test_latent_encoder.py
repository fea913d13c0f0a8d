import json

import pytest
import torch

from partly.errors import BadModelFile, BadOption
from partly.models.encoders.latent_encoder import LatentEncoder, LatentEncoderShape, load_latent_encoder
from tests.fakes import tiny_generator


def tiny() -> LatentEncoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = LatentEncoder(LatentEncoderShape(8, 32, 6)).eval().requires_grad_(False)
    encoder.mean.copy_(torch.arange(8.0))
    encoder.deviation.fill_(2.0)
    return encoder


@pytest.mark.parametrize("side_px", [16, 32, 50])
def test_latents_are_in_the_generators_units(side_px):
    encoder = tiny()
    images = torch.rand(2, 3, side_px, side_px, generator=torch.Generator().manual_seed(0)) * 2 - 1
    w = encoder.latents(images)
    assert w.shape == (2, 1, 8)
    if side_px == 32:
        torch.testing.assert_close(w[:, 0], encoder(images) * 2 + torch.arange(8.0))
    assert not torch.equal(w[0], w[1])


def test_saved_and_read_knows_its_generator(tmp_path):
    generator, other = tiny_generator(), tiny_generator(1)
    encoder = tiny()
    encoder.save(tmp_path, {"parents": {"generator_sha256": generator.digest}})
    again = load_latent_encoder(tmp_path)
    images = torch.zeros(1, 3, 32, 32)
    assert torch.equal(again.latents(images), encoder.latents(images))
    again.check_generator(generator)
    with pytest.raises(BadModelFile) as caught:
        again.check_generator(other)
    assert str(caught.value) == (
        f"{tmp_path.absolute()}: is an encoder of another generator (sha256 {generator.digest[:12]}…); "
        f"expected one of this generator, sha256 {other.digest[:12]}…. Learn one for this generator: "
        "partly invert --learn GENERATOR."
    )


def test_a_card_without_generator_is_refused(tmp_path):
    tiny().save(tmp_path, {})
    with pytest.raises(
        BadModelFile, match="does not say of which generator it is; expected generator_sha256"
    ):
        load_latent_encoder(tmp_path)
    card = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps(card | {"parents": []}))
    with pytest.raises(BadModelFile, match="does not say of which generator"):
        load_latent_encoder(tmp_path)


@pytest.mark.parametrize("shape", [{"image_size_px": 40}, {"image_size_px": 0}, {"hidden": 0}])
def test_shapes_that_cannot_be(shape):
    with pytest.raises(BadOption):
        LatentEncoderShape(8, **shape)
