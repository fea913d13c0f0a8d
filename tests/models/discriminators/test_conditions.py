"""Every family of discriminators takes classes into account in three ways, and tells codes."""

from dataclasses import replace

import pytest
import torch

from partly.errors import BadOption
from partly.losses.rounds import Ask, Round, total
from partly.losses.slope_penalties import R1
from partly.models.discriminators.dcgan_discriminator import DCGANDiscriminator
from partly.models.discriminators.light_discriminator import LightDiscriminator
from partly.models.discriminators.mlp_discriminator import MLPDiscriminator
from partly.models.discriminators.stylegan2_discriminator import StyleGAN2Discriminator
from partly.models.generators.dcgan_generator import DCGANShape
from partly.models.generators.light_generator import LightShape
from partly.models.generators.mlp_generator import MLPShape
from partly.models.generators.stylegan2.stylegan2_shape import StyleGAN2Shape

CLASSES = ("cat", "dog", "cow")
FAMILIES = {
    "dcgan": (DCGANDiscriminator, DCGANShape(32, z_dim=5, last_channels=4, classes=CLASSES)),
    "light": (LightDiscriminator, LightShape(32, 5, channel_base=128, most_channels=8, classes=CLASSES)),
    "mlp": (MLPDiscriminator, MLPShape(32, 5, classes=CLASSES)),
    "stylegan2": (
        StyleGAN2Discriminator,
        StyleGAN2Shape(32, 8, 6, 2, channel_base=256, most_channels=8, classes=CLASSES),
    ),
}
each = pytest.mark.parametrize("family", FAMILIES)
IMAGES, CONDITION = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(1)), torch.eye(3)
OTHER = CONDITION[[1, 1, 2]]


def made(family, way, **changes):
    make, shape = FAMILIES[family]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return make(replace(shape, **changes), way=way).eval()


@each
@pytest.mark.parametrize("way", ["projection", "concatenation"])
def test_the_class_of_an_image_moves_its_score_alone(family, way):
    discriminator = made(family, way)
    if family == "dcgan":
        discriminator = DCGANDiscriminator(FAMILIES[family][1], norm=False, way=way)
    judgement = discriminator(IMAGES, CONDITION)
    assert not judgement.heads
    moved = (discriminator(IMAGES, OTHER).scores - judgement.scores).abs()
    assert moved[0] > 1e-7
    # Where pictures are told how much they differ, planes of the class are part of it.
    if way == "projection" or family in ("dcgan", "mlp"):
        assert (moved[1:] == 0).all()
    with pytest.raises(BadOption, match=r"no condition; expected \[3, 3\]: the class of each image"):
        discriminator(IMAGES)
    with pytest.raises(BadOption, match=r"a condition of shape \[3, 2\]; expected \[3, 3\]"):
        discriminator(IMAGES, torch.zeros(3, 2))


@each
def test_a_head_names_the_class_and_scores_know_nothing_of_it(family):
    discriminator = made(family, "auxiliary")
    judgement = discriminator(IMAGES, CONDITION)
    assert judgement.heads["class"].shape == (3, 3)
    assert torch.equal(discriminator(IMAGES, OTHER).scores, judgement.scores)
    torch.autograd.backward(judgement.heads["class"].sum())
    assert next(discriminator.parameters()).grad.abs().max() > 0


@pytest.mark.parametrize("family", [name for name in FAMILIES if name != "stylegan2"])
def test_a_head_tells_codes(family):
    discriminator = made(family, "codes", n_continuous_codes=2)
    assert discriminator(IMAGES, CONDITION).heads["code"].shape == (3, 5)
    alone = made(family, "codes", classes=(), n_continuous_codes=2)
    assert alone(IMAGES, torch.zeros(3, 0)).heads["code"].shape == (3, 2)


@each
@pytest.mark.parametrize("way", ["projection", "auxiliary", "concatenation"])
def test_slopes_of_slopes(family, way):
    discriminator = made(family, way)
    ask = Ask(lambda images: discriminator(images, CONDITION))
    torch.autograd.backward(total(R1().discriminator_terms(Round(IMAGES, IMAGES, ask=ask))))
    assert all(p.grad.isfinite().all() for p in discriminator.parameters() if p.grad is not None)
    assert next(discriminator.parameters()).grad.abs().max() > 0


@each
@pytest.mark.parametrize("way", ["projection", "auxiliary", "concatenation"])
def test_without_classes_all_ways_are_one(family, way):
    discriminator, usual = made(family, way, classes=()), made(family, "projection", classes=())
    assert discriminator.state_dict().keys() == usual.state_dict().keys()
    assert torch.equal(discriminator(IMAGES).scores, usual(IMAGES).scores)


def test_half_a_condition_is_half_of_the_projection():
    """By which gradual conditioning brings it in."""
    discriminator = made("dcgan", "projection")
    without, half, whole = (discriminator(IMAGES, w * CONDITION).scores for w in (0, 0.5, 1))
    torch.testing.assert_close(half, (without + whole) / 2)


def test_a_light_discriminator_describes_photos_of_a_class():
    discriminator = made("light", "concatenation")
    random = torch.Generator().manual_seed(0)
    for seen, wanted in discriminator.reconstruct(IMAGES, random, CONDITION):
        assert seen.shape == wanted.shape
    with pytest.raises(BadOption, match="no condition"):
        discriminator.reconstruct(IMAGES, random)
