from dataclasses import replace

import pytest
import torch
from torch import nn

from partly.errors import BadOption
from partly.losses.rounds import Ask, Round, total
from partly.losses.slope_penalties import GradientPenalty
from partly.models.discriminators.dcgan_discriminator import DCGANDiscriminator
from partly.models.generators.dcgan_generator import DCGANShape

TINY = DCGANShape(16, z_dim=5, last_channels=4)


@pytest.mark.parametrize("norm", [True, False])
def test_one_score_for_each_picture(norm):
    discriminator = DCGANDiscriminator(TINY, norm=norm)
    scores = discriminator(torch.randn(3, 3, 16, 16)).scores
    assert scores.shape == (3,)
    torch.autograd.backward(scores.sum())
    assert all(p.grad is not None for p in discriminator.parameters())
    assert any(isinstance(m, nn.BatchNorm2d) for m in discriminator.modules()) == norm


def test_without_norm_pictures_do_not_see_each_other():
    discriminator = DCGANDiscriminator(TINY, norm=False)
    pictures = torch.randn(3, 3, 16, 16)
    alone = torch.cat([discriminator(picture[None]).scores for picture in pictures])
    torch.testing.assert_close(discriminator(pictures).scores, alone)


def test_slopes_of_slopes():
    discriminator = DCGANDiscriminator(TINY, norm=False)
    photos, pictures = torch.randn(2, 3, 16, 16), torch.randn(2, 3, 16, 16)
    torch.autograd.backward(
        total(
            GradientPenalty().discriminator_terms(
                Round(photos, pictures, ask=Ask(discriminator, lambda _purpose: torch.Generator()))
            )
        )
    )
    assert discriminator.layers[0].weight.grad.isfinite().all()


def test_the_class_counts_by_a_projection():
    discriminator = DCGANDiscriminator(replace(TINY, classes=("cat", "dog")), norm=False)
    images, condition = torch.randn(2, 3, 16, 16), torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    last = discriminator.layers[:-1](images).flatten(1)
    plain = last @ discriminator.layers[-1].weight.flatten(1).T + discriminator.layers[-1].bias
    by_class = last @ discriminator.by_class.weight.flatten(1).T
    expected = plain[:, 0] + torch.stack([by_class[0, 1], by_class[1, 0]])
    torch.testing.assert_close(discriminator(images, condition).scores, expected)
    with pytest.raises(BadOption, match=r"no condition; expected \[2, 2\]: the class of each image"):
        discriminator(images)
    with pytest.raises(BadOption, match=r"a condition of shape \[2, 3\]; expected \[2, 2\]"):
        discriminator(images, torch.zeros(2, 3))


def test_images_of_another_size():
    with pytest.raises(BadOption, match=r"images of shape \[1, 3, 8, 8\]; expected \[b, 3, 16, 16\]"):
        DCGANDiscriminator(TINY)(torch.zeros(1, 3, 8, 8))
