"""Stages of a discriminator that are frozen, in each family that has such."""

from __future__ import annotations

import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from partly.data.photos.photo_sets import PhotoSet
from partly.errors import BadOption
from partly.losses.adversarial_losses import NonSaturating
from partly.losses.rounds import Lazy
from partly.losses.slope_penalties import R1
from partly.models.discriminators.dcgan_discriminator import DCGANDiscriminator
from partly.models.discriminators.light_discriminator import LightDiscriminator, SelfSupervision
from partly.models.discriminators.mlp_discriminator import MLPDiscriminator
from partly.models.discriminators.stylegan2_discriminator import StyleGAN2Discriminator
from partly.models.generators.dcgan_generator import DCGAN, DCGANShape
from partly.models.generators.light_generator import LightGenerator, LightShape
from partly.models.generators.mlp_generator import MLPShape
from partly.models.generators.stylegan2.stylegan2_generator import StyleGAN2
from partly.training.adversarial.frozen_stages import check_frozen
from partly.training.adversarial.gan_batches import SquareBatches
from partly.training.adversarial.gan_config import GanConfig
from partly.training.adversarial.gan_loop import train_gan
from partly.training.adversarial.gan_play import GanPlayers
from partly.training.chassis.checkpoints import checkpoint_files, read_checkpoint, without_prefix
from tests.training.adversarial.test_loop import TINY
from tests.training.contract import same_weights

CONFIG = GanConfig(4, batch_size=4, checkpoint_every=100, averages=(0.25, 1.0, 4.0), seed=3)
FAMILIES = {"stylegan2": 4, "light": 2, "dcgan": 2}


def players(family):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if family == "stylegan2":
            generator, discriminator = StyleGAN2(TINY), StyleGAN2Discriminator(TINY)
        elif family == "light":
            shape = LightShape(32, z_dim=8, channel_base=64, most_channels=8)
            generator, discriminator = LightGenerator(shape), LightDiscriminator(shape)
        else:
            shape = DCGANShape(16, z_dim=8, last_channels=4)
            generator, discriminator = DCGAN(shape), DCGANDiscriminator(shape)
    penalties = [Lazy(R1(1.0), 2)]
    if family == "light":
        penalties.append(Lazy(SelfSupervision(discriminator), 2))
    return GanPlayers(generator, discriminator, NonSaturating(), tuple(penalties))


def trained(family, config, **how):
    two = players(family)
    size_px = two.discriminator.image_size_px
    squares = np.random.default_rng(0).integers(0, 256, (6, size_px, size_px, 3), dtype=np.uint8)
    photos = SquareBatches(PhotoSet(squares, tuple("abcdef"), (), "0"), 4)
    return two.discriminator, train_gan(two, photos, config, **how)


def weights_of(modules):
    return [weight for module in modules for weight in module.parameters()]


@pytest.mark.parametrize("family", FAMILIES)
def test_frozen_stages_keep_their_weights_also_after_a_stop(family, tmp_path):
    n_frozen = FAMILIES[family] - 1
    config = replace(CONFIG, n_frozen=n_frozen)

    def stop(report):
        if report.step == 2:
            signal.raise_signal(signal.SIGINT)

    whole, result = trained(family, config)
    with pytest.raises(KeyboardInterrupt):
        trained(family, config, folder=tmp_path, on_step=stop)
    parts, again = trained(family, config, folder=tmp_path)
    assert same_weights(whole, parts)
    assert same_weights(result.generator, again.generator)
    assert sorted(result.others) == sorted(again.others) == [0.25, 4.0]
    assert all(same_weights(result.others[factor], again.others[factor]) for factor in result.others)

    before = players(family).discriminator
    for stage, first in zip(whole.stages[:n_frozen], before.stages[:n_frozen], strict=True):
        assert all(map(torch.equal, stage.parameters(), first.parameters()))
    frozen = set(map(id, weights_of(whole.stages[:n_frozen])))
    learned = [
        (now, then)
        for now, then in zip(whole.parameters(), before.parameters(), strict=True)
        if id(now) not in frozen
    ]
    assert all(not torch.equal(now, then) for now, then in learned)
    assert all(weight.requires_grad for weight in whole.parameters())
    # The optimiser knows nothing of them.
    checkpoint = read_checkpoint(checkpoint_files(tmp_path)[-1])
    kept = without_prefix("optimizer of discriminator", checkpoint.tensors)
    assert len({name.partition(".")[0] for name in kept}) == len(learned)


@pytest.mark.parametrize("family", FAMILIES)
def test_as_many_stages_as_there_are_and_no_more(family):
    n, discriminator = FAMILIES[family], players(family).discriminator
    assert len(discriminator.stages) == n
    check_frozen(discriminator, n)
    text = f"^{n + 1} frozen stages of the discriminator; expected at most {n}, which it has besides those"
    with pytest.raises(BadOption, match=text):
        check_frozen(discriminator, n + 1)
    # From the picture inwards: each makes maps of half the size, or as large, of what the one before made.
    maps, sizes_px = torch.zeros(1, 3, *[discriminator.image_size_px] * 2), []
    for stage in discriminator.stages:
        maps = stage(maps)
        sizes_px.append(maps.shape[-1])
    assert sizes_px == sorted(sizes_px, reverse=True)
    assert sizes_px[-1] == (8 if family == "light" else 4)


def test_a_discriminator_without_stages():
    with pytest.raises(BadOption, match="1 frozen stages of the discriminator; expected none, since"):
        check_frozen(MLPDiscriminator(MLPShape(image_size_px=8)), 1)
    check_frozen(MLPDiscriminator(MLPShape(image_size_px=8)), 0)


def test_weights_that_are_frozen_are_not_clipped():
    config = replace(CONFIG, n_steps=1, n_frozen=1, weight_bound=1e-4)
    discriminator, _ = trained("dcgan", config)
    first, second = discriminator.stages
    assert max(weight.abs().max() for weight in first.parameters()) > 1e-2
    assert max(weight.abs().max() for weight in second.parameters()) <= 1e-4
