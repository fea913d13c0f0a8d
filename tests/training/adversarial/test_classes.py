"""Trainings on photos with classes, by pictures so simple that few steps show what was learned."""

import signal

import numpy as np
import pytest
import torch

from partly.data.photos.photo_classes import PhotoClasses
from partly.data.photos.photo_sets import PhotoSet
from partly.losses.adversarial_losses import NonSaturating
from partly.losses.rounds import Lazy
from partly.losses.slope_penalties import R1, PathLength
from partly.models.discriminators.dcgan_discriminator import DCGANDiscriminator
from partly.models.discriminators.stylegan2_discriminator import StyleGAN2Discriminator
from partly.models.generators.dcgan_generator import DCGAN, DCGANShape
from partly.models.generators.latent_sampling import sample_w
from partly.models.generators.stylegan2.stylegan2_generator import StyleGAN2
from partly.models.generators.stylegan2.stylegan2_shape import StyleGAN2Shape
from partly.training.adversarial.gan_batches import SquareBatches
from partly.training.adversarial.gan_config import GanConfig
from partly.training.adversarial.gan_loop import train_gan
from partly.training.adversarial.gan_play import GanPlayers

NAMES = ("dark", "bright")


def batches(size_px: int, batch_size: int) -> SquareBatches:
    """Dark photos and bright ones, by turns."""
    squares = np.full((32, size_px, size_px, 3), 40, np.uint8)
    squares[1::2] = 215
    squares += np.random.default_rng(0).integers(0, 30, squares.shape, dtype=np.uint8)
    photos = PhotoSet(squares, tuple(map(str, range(32))), (), "squares")
    return SquareBatches(photos, batch_size, classes=PhotoClasses(NAMES, np.arange(32) % 2))


def players(make_generator, make_discriminator, shape, **penalties) -> GanPlayers:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return GanPlayers(make_generator(shape), make_discriminator(shape), NonSaturating(), **penalties)


def test_pictures_show_the_class_that_is_asked_for():
    shape = DCGANShape(16, z_dim=4, last_channels=4, classes=NAMES)
    config = GanConfig(
        40,
        batch_size=8,
        generator_rate=5e-3,
        discriminator_rate=5e-3,
        betas=(0.5, 0.99),
        ema_half_life=50.0,
        checkpoint_every=1000,
    )
    trained = train_gan(players(DCGAN, DCGANDiscriminator, shape), batches(16, 8), config).generator
    brightness = {
        name: [
            trained.synthesise(sample_w(trained, 0, i, class_name=name)).images.mean().item()
            for i in range(10)
        ]
        for name in NAMES
    }
    assert max(brightness["dark"]) < min(brightness["bright"])
    assert np.mean(brightness["bright"]) - np.mean(brightness["dark"]) > 0.1


@pytest.mark.parametrize("family", ["dcgan", "stylegan2"])
def test_a_stopped_training_with_classes_ends_where_one_that_was_not_stopped_does(tmp_path, family):
    def made() -> GanPlayers:
        if family == "dcgan":
            shape = DCGANShape(16, z_dim=4, last_channels=4, classes=NAMES)
            return players(DCGAN, DCGANDiscriminator, shape)
        tiny = StyleGAN2Shape(32, 8, 6, 2, channel_base=256, most_channels=8, classes=NAMES)
        return players(
            StyleGAN2,
            StyleGAN2Discriminator,
            tiny,
            discriminator_penalties=(Lazy(R1(1.0), every=2),),
            generator_penalties=(Lazy(PathLength(), every=3),),
        )

    photos = batches(16 if family == "dcgan" else 32, 4)
    config = GanConfig(4, batch_size=4, checkpoint_every=2)

    def stop(report):
        if report.step == 2:
            signal.raise_signal(signal.SIGINT)

    whole = train_gan(made(), photos, config)
    with pytest.raises(KeyboardInterrupt):
        train_gan(made(), photos, config, folder=tmp_path, on_step=stop)
    parts = train_gan(made(), photos, config, folder=tmp_path)
    for one, other in zip(whole.generator.parameters(), parts.generator.parameters(), strict=True):
        assert torch.equal(one, other)
