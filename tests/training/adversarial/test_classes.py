"""Trainings on photos with classes, by pictures so simple that few steps show what was learned."""

import math
import signal
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from partly.data.photos.photo_classes import PhotoClasses
from partly.data.photos.photo_sets import PhotoSet
from partly.errors import BadOption
from partly.losses.adversarial_losses import NonSaturating
from partly.losses.condition_terms import AuxiliaryClassifier, InformationBound
from partly.losses.rounds import Lazy, Together
from partly.losses.slope_penalties import R1, PathLength
from partly.models.discriminators.dcgan_discriminator import DCGANDiscriminator
from partly.models.discriminators.stylegan2_discriminator import StyleGAN2Discriminator
from partly.models.generators.dcgan_generator import DCGAN, DCGANShape
from partly.models.generators.latent_sampling import sample_w
from partly.models.generators.stylegan2.stylegan2_generator import StyleGAN2
from partly.models.generators.stylegan2.stylegan2_shape import StyleGAN2Shape
from partly.training.adversarial.gan_batches import ConditionRamp, SquareBatches
from partly.training.adversarial.gan_config import GanConfig
from partly.training.adversarial.gan_loop import train_gan
from partly.training.adversarial.gan_play import GanPlayers
from partly.training.augment.adversarial.diff_augment import DiffAugment

NAMES = ("dark", "bright")


CLASSES = PhotoClasses(NAMES, np.arange(32) % 2)


def batches(size_px: int, batch_size: int, classes=CLASSES, **conditions) -> SquareBatches:
    """Dark photos and bright ones, by turns."""
    squares = np.full((32, size_px, size_px, 3), 40, np.uint8)
    squares[1::2] = 215
    squares += np.random.default_rng(0).integers(0, 30, squares.shape, dtype=np.uint8)
    photos = PhotoSet(squares, tuple(map(str, range(32))), (), "squares")
    return SquareBatches(photos, batch_size, classes=classes, **conditions)


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


def conditioned(kind: str) -> tuple[GanPlayers, SquareBatches]:
    """Players and batches of one way to be told classes or codes."""
    if kind == "stylegan2":
        tiny = StyleGAN2Shape(32, 8, 6, 2, channel_base=256, most_channels=8, classes=NAMES)
        two = players(
            StyleGAN2,
            StyleGAN2Discriminator,
            tiny,
            discriminator_penalties=(Lazy(R1(1.0), every=2),),
            generator_penalties=(Lazy(PathLength(), every=3),),
        )
        return two, batches(32, 4)
    n_continuous = 2 if kind == "codes" else 0
    shape = DCGANShape(16, z_dim=4, last_channels=4, classes=NAMES, n_continuous_codes=n_continuous)
    way = "projection" if kind == "gradual" else kind
    two = players(DCGAN, partial(DCGANDiscriminator, way=way), shape)
    if kind == "auxiliary":
        return with_term(two, AuxiliaryClassifier()), batches(16, 4)
    if kind == "codes":
        told = with_term(two, InformationBound(2, 2))
        return replace(told, augment=DiffAugment()), batches(16, 4, classes=None, n_codes=2)
    return two, batches(16, 4, ramp=ConditionRamp(4, 12) if kind == "gradual" else None)


def with_term(two: GanPlayers, term) -> GanPlayers:
    return replace(two, objective=Together((two.objective, term)))


@pytest.mark.parametrize(
    "kind", ["projection", "auxiliary", "concatenation", "gradual", "codes", "stylegan2"]
)
def test_a_stopped_training_with_classes_ends_where_one_that_was_not_stopped_does(tmp_path, kind):
    config = GanConfig(4, batch_size=4, checkpoint_every=2)

    def trained(**how):
        two, photos = conditioned(kind)
        return train_gan(two, photos, config, **how).generator

    def stop(report):
        if report.step == 2:
            signal.raise_signal(signal.SIGINT)

    whole, after = trained(), []
    with pytest.raises(KeyboardInterrupt):
        trained(folder=tmp_path, on_step=stop)
    parts = trained(folder=tmp_path, on_step=after.append)
    for one, other in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.equal(one, other)
    assert [report.information is None for report in after] == [kind != "codes"] * 2


def test_codes_are_told_from_pictures_and_the_figure_stays_below_their_entropy():
    two, photos = conditioned("codes")
    reports = []
    config = GanConfig(
        60, batch_size=8, generator_rate=5e-3, discriminator_rate=2e-3, betas=(0.5, 0.99), ema_half_life=50.0
    )
    photos = batches(16, 8, classes=None, n_codes=2)
    trained = train_gan(two, photos, config, on_step=reports.append).generator
    told = [report.information for report in reports]
    assert max(told) <= math.log(2)
    assert np.mean(told[-10:]) > 0.5
    assert np.mean(told[-10:]) > np.mean(told[:10]) + 0.2
    assert reports[-1].generator_terms["information of code"] == pytest.approx(-told[-1], rel=1e-5)
    # A generator as any other: of all its codes it makes different pictures.
    one, other = (trained.synthesise(sample_w(trained, 0, 0, class_name=name)).images for name in NAMES)
    assert (one - other).abs().mean() > 0.02


@pytest.mark.parametrize("way", ["auxiliary", "concatenation"])
def test_pictures_show_the_class_whichever_way_it_is_told(way):
    two, _ = conditioned(way)
    config = GanConfig(
        60, batch_size=8, generator_rate=5e-3, discriminator_rate=5e-3, betas=(0.5, 0.99), ema_half_life=50.0
    )
    trained = train_gan(two, batches(16, 8), config).generator
    dark, bright = (
        np.mean([trained.synthesise(sample_w(trained, 0, i, class_name=n)).images.mean() for i in range(8)])
        for n in NAMES
    )
    assert bright - dark > 0.1


def test_conditions_come_in_as_photos_are_shown():
    found = batches(16, 4, ramp=ConditionRamp(8, 24))
    sums = [found.read(number).condition.sum(1) for number in range(8)]
    assert [values.unique().tolist() for values in sums] == [[w] for w in (0, 0, 0, 0.25, 0.5, 0.75, 1, 1)]
    assert found.digest == batches(16, 4).digest + ", conditions from 8 to 24"


def test_codes_come_evenly_and_are_a_function_of_the_batch():
    found = batches(16, 32, classes=None, n_codes=4)
    assert found.condition_width == 4
    drawn = torch.cat([found.read(number).condition for number in range(40)])
    assert torch.equal(drawn.sum(1), torch.ones(1280))
    assert drawn.mean(0).sub(0.25).abs().max() < 0.04
    assert torch.equal(found.read(3).condition, found.read(3).condition)
    assert not torch.equal(found.read(3).condition, found.read(4).condition)
    with pytest.raises(BadOption, match="codes and classes at once; expected one of them"):
        batches(16, 4, n_codes=2)
