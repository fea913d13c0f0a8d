"""The light family in the one loop: norms, noise and self-supervision all go on after a stop."""

import signal

import numpy as np
import pytest
import torch

from partly.data.photos.photo_sets import PhotoSet
from partly.losses.adversarial_losses import Hinge
from partly.losses.rounds import Lazy
from partly.losses.slope_penalties import R1
from partly.models.discriminators.light_discriminator import LightDiscriminator, SelfSupervision
from partly.models.generators.light_generator import LightGenerator, LightShape
from partly.training.adversarial.gan_batches import SquareBatches
from partly.training.adversarial.gan_config import GanConfig
from partly.training.adversarial.gan_loop import train_gan
from partly.training.adversarial.gan_play import GanPlayers

TINY = LightShape(32, z_dim=5, channel_base=128, most_channels=8)
CONFIG = GanConfig(4, batch_size=4, checkpoint_every=2, seed=3)


def players():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generator, discriminator = LightGenerator(TINY), LightDiscriminator(TINY)
    return GanPlayers(
        generator, discriminator, Hinge(), (Lazy(R1(1.0), 2), Lazy(SelfSupervision(discriminator, 10.0), 2))
    )


def batches():
    squares = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    return SquareBatches(PhotoSet(squares, tuple("abcdef"), (), "0"), 4)


def test_a_stopped_training_ends_where_one_that_was_not_stopped_does(tmp_path):
    two, before = players(), players()
    whole = train_gan(two, batches(), CONFIG)

    def stop(report):
        if report.step == 3:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train_gan(players(), batches(), CONFIG, folder=tmp_path, on_step=stop)
    again = train_gan(players(), batches(), CONFIG, folder=tmp_path)
    for name, value in whole.generator.state_dict().items():
        assert torch.equal(value, again.generator.state_dict()[name]), name
    moved = two.discriminator.decode_quarter[0].weight - before.discriminator.decode_quarter[0].weight
    assert moved.abs().max() > 0
