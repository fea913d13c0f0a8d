import json
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
import torch

from partly.data.photos.photo_sets import PhotoSet
from partly.errors import BadOption
from partly.losses.evidence_lower_bound import ELBO, GaussianPixels, LaplacePixels
from partly.models.encoders.encoder_table import load_representation
from partly.models.encoders.vae_encoder import VAEEncoder, VAEEncoderShape
from partly.models.generators.generator_table import load_generator
from partly.models.generators.latent_sampling import sample_w
from partly.models.generators.vae_decoder import VAEDecoder, VAEShape
from partly.training.adversarial.gan_batches import PhotoBatch, SquareBatches
from partly.training.variational.vae_config import VAEConfig, vae_figures_text
from partly.training.variational.vae_loop import VAEParts, train_vae
from tests.training.contract import TrainingContract, same_weights

SIZE_PX, Z_DIM = 8, 4
CONFIG = VAEConfig(6, batch_size=4, checkpoint_every=2, n_checkpoints=2, seed=3)


def parts(seed=0, objective=None, z_dim=Z_DIM):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return VAEParts(
            VAEDecoder(VAEShape(SIZE_PX, Z_DIM, channel_base=64, most_channels=8)),
            VAEEncoder(VAEEncoderShape(SIZE_PX, z_dim, channel_base=64, most_channels=8)),
            objective or ELBO(),
        )


def batches(digest="0"):
    squares = np.random.default_rng(0).integers(0, 256, (6, SIZE_PX, SIZE_PX, 3), dtype=np.uint8)
    return SquareBatches(PhotoSet(squares, tuple("abcdef"), (), digest), 4)


class Breaking(GaussianPixels):
    """No number when it is asked for the fourth time."""

    def __call__(self, photos, pictures):
        self.__dict__["n"] = self.__dict__.get("n", 0) + 1
        return super().__call__(photos, pictures) * (float("nan") if self.n == 4 else 1.0)


class TestContract(TrainingContract):
    refused: ClassVar = {
        "seed": "seed 3, not 9",
        "rate": "learning_rate 0.001, not 0.0001",
        "photos": "photos '0, 4 a batch, seed 0, mirrored', not '1",
        "beta": "another objective",
        "likelihood": "another objective",
        "first weights": "other first weights",
    }
    diverged = (
        "the loss is nan at step 3; expected a finite number. Train in another folder with a lower learning "
        "rate, or a wider likelihood; the last checkpoint is kept"
    )
    in_portions = True

    @classmethod
    def train(cls, change="", **how):
        both, photos, config = parts(), batches(), CONFIG
        if change == "seed":
            config = replace(config, seed=9)
        elif change == "rate":
            config = replace(config, learning_rate=1e-4)
        elif change == "photos":
            photos = batches(digest="1")
        elif change == "beta":
            both = replace(both, objective=ELBO(beta=2.0))
        elif change == "likelihood":
            both = replace(both, objective=ELBO(LaplacePixels()))
        elif change == "first weights":
            both = parts(1)
        elif change == "diverging":
            both = parts(objective=ELBO(Breaking()))
        result = train_vae(both, photos, config, **how)
        return [result.decoder, result.encoder]


class Toy:
    """A bright quarter on a dark ground, of one of eight colours and in one of four corners."""

    digest, condition_width = "toy", 0

    def __init__(self):
        self.photos = torch.full((32, 3, SIZE_PX, SIZE_PX), -0.8)
        for i in range(32):
            row, column = (i % 2) * 4, (i // 2 % 2) * 4
            colour = torch.tensor([(i // 4) & 1, (i // 8) & 1, (i // 16) & 1]) * 0.8
            self.photos[i, :, row : row + 4, column : column + 4] = colour.view(3, 1, 1)

    def read(self, number):
        chosen = torch.randperm(32, generator=torch.Generator().manual_seed(number))[:16]
        return PhotoBatch.without_condition(self.photos[chosen])


def test_it_fits_a_toy_set_better_than_the_mean_picture():
    toy, reports = Toy(), []
    config = VAEConfig(80, batch_size=16, learning_rate=6e-3, ema_half_life=200)
    result = train_vae(parts(), toy, config, on_step=reports.append)
    mean, _ = result.encoder(toy.photos)
    made = result.decoder.synthesise(result.decoder.map(mean)).images
    error = (made - toy.photos).square().mean().item()
    of_mean = (toy.photos.mean(0) - toy.photos).square().mean().item()
    assert error < 0.3 * of_mean
    assert reports[-1].loss < reports[0].loss
    # Latents tell 32 photos apart, and so know log 32 nats of each at the least.
    assert reports[-1].divergence > np.log(32)
    assert not result.decoder.training
    assert not result.encoder.training


def test_after_every_checkpoint_the_averaged_decoder_is_given():
    seen = []
    result = train_vae(
        parts(), batches(), CONFIG, on_checkpoint=lambda decoder, n_done: seen.append((decoder, n_done))
    )
    assert seen == [(result.decoder, 2), (result.decoder, 4), (result.decoder, 6)]


def test_both_parts_and_the_averages_move():
    two, before = parts(), parts()
    result = train_vae(two, batches(), CONFIG)
    for now, then, average in (
        (two.decoder, before.decoder, result.decoder),
        (two.encoder, before.encoder, result.encoder),
    ):
        assert not same_weights(now, then)
        assert not same_weights(now, average)
    close = train_vae(parts(), batches(), replace(CONFIG, ema_half_life=1e9, ema_ramp_up=1e-9))
    assert same_weights(close.decoder, two.decoder)


def test_saved_as_two_model_folders(tmp_path):
    result = train_vae(parts(), batches(), replace(CONFIG, n_steps=1))
    result.save(tmp_path / "g", tmp_path / "r", {"title": "toy", "parents": {"photos": "0"}})
    generator, representation = load_generator(tmp_path / "g"), load_representation(tmp_path / "r")
    w = sample_w(generator, 0, 0)
    assert torch.equal(generator.synthesise(w).images, result.decoder.synthesise(w).images)
    photos = batches().read(0).photos
    assert torch.equal(representation.read(photos).maps[0], result.encoder.read(photos).maps[0])
    card = json.loads((tmp_path / "r" / "model.json").read_text())
    assert card["parents"] == {"photos": "0", "generator_sha256": generator.digest}
    assert json.loads((tmp_path / "g" / "model.json").read_text())["parents"] == {"photos": "0"}


def test_photos_of_another_size():
    class Other:
        digest, condition_width = "0", 0

        def read(self, number):
            return PhotoBatch.without_condition(torch.zeros(4, 3, 9, 9))

    with pytest.raises(BadOption, match=r"photos of shape \[4, 3, 9, 9\]; expected \[b, 3, 8, 8\]"):
        train_vae(parts(), Other(), CONFIG)


def test_parts_that_do_not_fit():
    with pytest.raises(
        BadOption,
        match="an encoder of 8 px with latents of 7; expected 8 px and latents of 4, as the decoder",
    ):
        parts(z_dim=7)


def test_figures_in_one_line():
    reports = []
    train_vae(parts(), batches(), replace(CONFIG, n_steps=2), on_step=reports.append)
    report = replace(
        reports[-1], loss=1.5, difference=0.25, divergence=3.0, pictures_per_s=9.0, time_left_s=60
    )
    assert vae_figures_text(report) == (
        "8 photos seen  loss 1.500  difference 0.250  divergence 3.0 nats  9.0 photos/s  0:01:00 left"
    )


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        ({"n_steps": 0}, "n_steps is 0; expected 1 or more"),
        ({"learning_rate": 0.0}, r"learning_rate is 0\.0; expected more than 0"),
        ({"seed": -1}, "seed is -1; expected 0 to"),
    ],
)
def test_choices_that_cannot_be(choice, text):
    with pytest.raises(BadOption, match=text):
        replace(CONFIG, **choice)
