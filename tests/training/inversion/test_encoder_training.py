"""Learning an encoder: pictures made once, a training that goes on, latents that are known in the end."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from partly.errors import BadOption, TrainingDiverged
from partly.machine import PROCESSOR
from partly.models.encoders.efficientnet_features import EfficientNetFeatures, EfficientNetShape
from partly.models.generators import Truncation, sample_w
from partly.models.generators.mlp_generator import KIND as MLP
from partly.models.generators.mobile_stylegan import KIND as MOBILE_STYLEGAN
from partly.models.generators.picture_pixels import images_of
from partly.models.zoo.downloads import ENCODER, model_folder
from partly.training.inversion.encoder_options import EncoderOptions, EncoderReport, encoder_figures_text
from partly.training.inversion.encoder_training import (
    learning_time_s,
    new_encoder,
    train_latent_encoder,
)
from partly.training.inversion.generated_pictures import GeneratedPictures, make_pictures
from tests.inference.invert.tiny_generators import lively

TINY = EncoderOptions(n_pictures=24, n_learning_steps=4, batch_size=4, size_px=32, photo_changes=False)


def pictures_of(generator, folder, n=24, **more):
    return make_pictures(generator, folder, n, 32, 0, machine=PROCESSOR, **more)


def test_pictures_belong_to_their_latents(tmp_path):
    generator = lively(MOBILE_STYLEGAN)
    told = []
    made = pictures_of(generator, tmp_path, 10, on_picture=lambda *words: told.append(words))
    assert told == [(8, 10), (10, 10)]
    images, latents = made.read(np.array([9, 2]))
    for i, index in enumerate((9, 2)):
        w = sample_w(generator, 0, index, Truncation(0.6, 1.0), "pictures of an encoder")
        assert torch.equal(latents[i], w[0, 0])
        small = torch.nn.functional.avg_pool2d(images_of(generator.synthesise(w)), 2)
        torch.testing.assert_close(images[i], small[0], rtol=0, atol=1.01 / 127.5)


def test_pictures_are_made_once(tmp_path):
    generator = lively(MLP)
    whole = pictures_of(generator, tmp_path / "whole", 20)

    def stop(done, _total):
        if done == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pictures_of(generator, tmp_path / "stopped", 20, on_picture=stop)
    with (tmp_path / "stopped" / "pictures.u8").open("ab") as file:
        file.write(b"half of one")
    told = []
    rest = pictures_of(generator, tmp_path / "stopped", 20, on_picture=lambda *words: told.append(words))
    assert told == [(16, 20), (20, 20)]
    assert np.array_equal(rest.pictures, whole.pictures)
    assert np.array_equal(rest.latents, whole.latents)
    assert len(pictures_of(generator, tmp_path / "stopped", 12)) == 12
    with pytest.raises(BadOption, match="holds pictures with generator"):
        pictures_of(lively(MLP, seed=1), tmp_path / "stopped", 20)


@pytest.mark.slow
def test_it_learns_where_latents_are(tmp_path):
    generator = lively(MOBILE_STYLEGAN)
    options = replace(TINY, n_learning_steps=60, batch_size=12)
    reports = []
    learned = train_latent_encoder(
        new_encoder(generator, options),
        generator,
        pictures_of(generator, tmp_path, 40),
        options,
        on_step=reports.append,
    )
    assert reports[0].loss > 0.7
    assert sum(report.loss for report in reports[-5:]) / 5 < 0.5
    assert (reports[-1].step, reports[-1].n_steps) == (60, 60)
    # Processors and numbers of threads round otherwise: from 0.18 to 0.3. Without learning it is 0 or less.
    assert 0.1 < learned.known < 1
    assert learned.encoder.generator_digest == generator.digest
    assert not learned.encoder.training


def weights(encoder):
    return torch.cat([tensor.double().flatten() for tensor in encoder.state_dict().values()])


@pytest.mark.slow
def test_a_stopped_training_goes_on_as_if_it_had_not(tmp_path):
    generator = lively(MLP)
    options = replace(TINY, photo_changes=True)
    pictures = pictures_of(generator, tmp_path / "pictures")

    def train(folder, on_step=None):
        encoder = new_encoder(generator, options)
        return train_latent_encoder(
            encoder, generator, pictures, options, folder=folder, on_step=on_step
        ).encoder

    whole = train(tmp_path / "whole")

    def stop(report):
        if report.step == 2:
            import signal

            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "stopped", stop)
    steps = []
    again = train(tmp_path / "stopped", lambda report: steps.append(report.step))
    assert steps == [3, 4]
    assert torch.equal(weights(again), weights(whole))
    other = replace(options, rate=1e-5)
    with pytest.raises(BadOption, match=r"holds a training with rate 0\.001, not 1e-05"):
        train_latent_encoder(
            new_encoder(generator, other), generator, pictures, other, folder=tmp_path / "stopped"
        )


def test_pictures_count_where_they_are_asked_to(tmp_path):
    generator = lively(MOBILE_STYLEGAN)
    pictures = pictures_of(generator, tmp_path)
    options = replace(TINY, picture_weight=1.0)
    compared = []

    def compare(made, wanted):
        compared.append((made.shape, wanted.shape))
        return (made - wanted).square().mean(dim=(1, 2, 3))

    with_pictures, without = (
        train_latent_encoder(
            new_encoder(generator, options), generator, pictures, options, compare=distance
        ).encoder
        for distance in (compare, None)
    )
    assert compared == [((4, 3, 32, 32), (4, 3, 32, 32))] * 4
    assert not torch.equal(weights(with_pictures), weights(without))


def test_a_loss_that_is_no_number_is_told(tmp_path):
    generator = lively(MLP)
    made = pictures_of(generator, tmp_path)
    broken = GeneratedPictures(made.pictures, made.latents.copy(), "broken")
    encoder = new_encoder(generator, TINY)
    encoder.head[1].weight.data.fill_(float("nan"))
    with pytest.raises(TrainingDiverged, match="Learn in another folder with a lower --learn-rate"):
        train_latent_encoder(encoder, generator, broken, TINY)


def test_too_few_pictures(tmp_path):
    generator = lively(MLP)
    pictures = pictures_of(generator, tmp_path, 8)
    options = replace(TINY, batch_size=8)
    with pytest.raises(BadOption, match="there are 8 pictures; expected 9 or more"):
        train_latent_encoder(new_encoder(generator, options), generator, pictures, options)


def test_it_begins_with_what_imagenet_taught(tmp_path):
    generator = lively(MLP)
    plain = new_encoder(generator, TINY)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        trained = EfficientNetFeatures(EfficientNetShape(64))
    trained.save(model_folder(ENCODER), {})
    pretrained = new_encoder(generator, TINY)
    wanted = trained.encoder.state_dict()
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in pretrained.backbone.state_dict().items())
    without = new_encoder(generator, replace(TINY, pretrained=False))
    assert torch.equal(weights(without), weights(plain))


def test_how_long_it_takes_is_told_without_learning(tmp_path):
    generator = lively(MLP)
    encoder = new_encoder(generator, TINY)
    before = weights(encoder)
    assert learning_time_s(encoder, generator, TINY, 10, PROCESSOR) > 0
    assert torch.equal(weights(encoder), before)
    report = EncoderReport(3, 9, 0.25, 12.5, 61.2)
    assert encoder_figures_text(report) == "unknown of latents 0.250  12.5 pictures/s  0:01:01 left"


def test_sizes_that_cannot_be():
    with pytest.raises(BadOption, match="size_px is 40; expected a multiple of 32"):
        EncoderOptions(size_px=40)
