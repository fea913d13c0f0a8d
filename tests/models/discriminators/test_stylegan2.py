from dataclasses import replace

import pytest
import torch

from partly.models.discriminators.stylegan2_discriminator import ResidualBlock, StyleGAN2Discriminator
from partly.models.generators.stylegan2.stylegan2_shape import StyleGAN2Shape
from tests.models.discriminators.contract import DiscriminatorContract

TINY = StyleGAN2Shape(32, channel_base=256, most_channels=16)


class TestContract(DiscriminatorContract):
    size_px = 32

    @pytest.fixture
    def discriminator(self):
        return StyleGAN2Discriminator(TINY)


class TestContractWithClasses(DiscriminatorContract):
    size_px, n_classes = 32, 3

    @pytest.fixture
    def discriminator(self):
        return StyleGAN2Discriminator(replace(TINY, classes=("cat", "dog", "cow"), n_mapping_layers=2))


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def test_the_class_counts_by_a_projection():
    shape = replace(TINY, classes=("cat", "dog", "cow"), n_mapping_layers=2)
    discriminator = StyleGAN2Discriminator(shape)
    images, condition = torch.randn(3, 3, 32, 32), torch.eye(3)
    scores = discriminator(images, condition).scores
    values = []
    discriminator.score.register_forward_hook(lambda *hooked: values.append(hooked[2]))
    discriminator(images, condition)
    mapped = discriminator.mapping(condition)
    torch.testing.assert_close(scores, (values[0] * mapped).sum(1) / mapped.shape[1] ** 0.5)


def test_pictures_of_one_group_are_seen_together():
    discriminator = StyleGAN2Discriminator(TINY)
    pictures = torch.randn(8, 3, 32, 32)
    scores = discriminator(pictures).scores
    changed = pictures.clone()
    changed[0] = 0
    moved = (discriminator(changed).scores - scores).abs() > 1e-7
    # Groups of four, every second picture.
    assert moved.tolist() == [True, False] * 4


def test_the_shape_of_the_paper():
    with torch.device("meta"):
        discriminator = StyleGAN2Discriminator(StyleGAN2Shape(1024, channel_base=32768))
    n_parameters = sum(p.numel() for p in discriminator.parameters())
    assert n_parameters == pytest.approx(29.0e6, rel=0.01)


def test_blocks_keep_variance():
    block = ResidualBlock(32, 32)
    smooth = torch.nn.functional.interpolate(torch.randn(8, 32, 8, 8), scale_factor=8, mode="bilinear")
    smooth = smooth / smooth.std()
    assert 0.3 < block(smooth).std() < 2
