import copy

import pytest
import torch
from torch import nn

from partly.models.generators.light_generator import LightGenerator, LightShape
from partly.models.generators.stylegan2.stylegan2_generator import StyleGAN2
from partly.models.generators.stylegan2.stylegan2_shape import StyleGAN2Shape
from partly.training.adversarial.batch_norms import with_counted_norms
from partly.training.adversarial.gan_batches import mixed_latents, random_of
from partly.training.adversarial.gan_loop import train_gan
from tests.training.adversarial.test_light import CONFIG, batches, players

TINY = LightShape(32, z_dim=5, channel_base=128, most_channels=8)


@pytest.fixture
def generator():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generator = LightGenerator(TINY).eval()
    # Weights at which the statistics that a new norm begins with are far from right.
    nn.init.normal_(generator.first.weight, std=5.0)
    return generator


def norms(generator):
    return [m for m in generator.modules() if isinstance(m, nn.BatchNorm2d)]


def test_statistics_are_those_of_the_weights(generator):
    counted = with_counted_norms(generator, seed=3)
    seen = []
    for number in range(8):
        w = mixed_latents(generator, 64, 0.0, random_of(3, number, "norms"), lambda z: z)
        seen.append(generator.first(w[:, 0]).view(64, -1, 4, 4))
    first = norms(counted)[0]
    # Of each batch by itself, then the mean; variances are those of a sample.
    mean = torch.stack([x.mean((0, 2, 3)) for x in seen]).mean(0)
    variance = torch.stack([x.var((0, 2, 3)) for x in seen]).mean(0)
    torch.testing.assert_close(first.running_mean, mean)
    torch.testing.assert_close(first.running_var, variance)
    assert not any(module.training for module in counted.modules())


def test_what_is_given_stays_as_it_is_and_pictures_change(generator):
    before = copy.deepcopy(generator.state_dict())
    counted = with_counted_norms(generator, seed=3)
    for name, value in generator.state_dict().items():
        assert torch.equal(value, before[name]), name
    w = torch.randn(2, 1, 5)
    assert (counted.synthesise(w).images - generator.synthesise(w).images).abs().max() > 0.05
    again = with_counted_norms(generator, seed=3)
    torch.testing.assert_close(again.state_dict(), counted.state_dict(), rtol=0, atol=0)


def test_without_batch_norms_nothing_is_done():
    generator = StyleGAN2(StyleGAN2Shape(32, z_dim=8, w_dim=6, channel_base=64, most_channels=4))
    assert with_counted_norms(generator, seed=0) is generator


def test_what_a_training_gives_has_them(tmp_path):
    shown = []
    made = train_gan(
        players(), batches(), CONFIG, folder=tmp_path, on_checkpoint=lambda g, step: shown.append((step, g))
    ).generator
    again = with_counted_norms(made, CONFIG.seed)
    torch.testing.assert_close(made.state_dict(), again.state_dict())
    step, last = shown[-1]
    assert step == CONFIG.n_steps
    torch.testing.assert_close(last.state_dict(), made.state_dict())
