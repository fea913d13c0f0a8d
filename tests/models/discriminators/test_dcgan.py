from dataclasses import replace

import pytest
import torch
from torch import nn

from partly.models.discriminators.dcgan_discriminator import DCGANDiscriminator
from partly.models.generators.dcgan_generator import DCGANShape
from tests.models.discriminators.contract import DiscriminatorContract

TINY = DCGANShape(16, z_dim=5, last_channels=4)


class TestContract(DiscriminatorContract):
    size_px = 16

    @pytest.fixture
    def discriminator(self):
        return DCGANDiscriminator(TINY, norm=False)


class TestContractWithNorm(DiscriminatorContract):
    size_px = 16

    @pytest.fixture
    def discriminator(self):
        return DCGANDiscriminator(TINY)


class TestContractWithClasses(DiscriminatorContract):
    size_px, n_classes = 16, 2

    @pytest.fixture
    def discriminator(self):
        return DCGANDiscriminator(replace(TINY, classes=("cat", "dog")), norm=False)


def test_norms_are_a_choice():
    for norm in (True, False):
        modules = DCGANDiscriminator(TINY, norm=norm).modules()
        assert any(isinstance(m, nn.BatchNorm2d) for m in modules) == norm


def test_without_norm_pictures_do_not_see_each_other():
    discriminator = DCGANDiscriminator(TINY, norm=False)
    pictures = torch.randn(3, 3, 16, 16)
    alone = torch.cat([discriminator(picture[None]).scores for picture in pictures])
    torch.testing.assert_close(discriminator(pictures).scores, alone)


def test_the_class_counts_by_a_projection():
    discriminator = DCGANDiscriminator(replace(TINY, classes=("cat", "dog")), norm=False)
    images, condition = torch.randn(2, 3, 16, 16), torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    last = discriminator.layers[:-1](images).flatten(1)
    plain = last @ discriminator.layers[-1].weight.flatten(1).T + discriminator.layers[-1].bias
    by_class = last @ discriminator.by_class.weight.flatten(1).T
    expected = plain[:, 0] + torch.stack([by_class[0, 1], by_class[1, 0]])
    torch.testing.assert_close(discriminator(images, condition).scores, expected)
