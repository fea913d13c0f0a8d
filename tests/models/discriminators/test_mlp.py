import copy

import pytest
import torch

from partly.errors import BadOption
from partly.models.discriminators.mlp_discriminator import MLPDiscriminator
from partly.models.generators.mlp_generator import MLPShape
from tests.models.discriminators.contract import DiscriminatorContract

DIGITS = MLPShape()


class TestContract(DiscriminatorContract):
    size_px = 28

    @pytest.fixture
    def discriminator(self):
        return MLPDiscriminator(DIGITS)


def test_the_discriminator_of_digits():
    """784-100-1."""
    discriminator = MLPDiscriminator(DIGITS)
    assert sum(p.numel() for p in discriminator.parameters()) == 784 * 100 + 100 + 100 + 1


def test_half_of_the_values_is_left_out_and_the_mean_stays():
    discriminator = MLPDiscriminator(DIGITS, (4000,)).train()
    seen = []
    discriminator.score.register_forward_hook(lambda _m, inputs, _o: seen.append(inputs[0]))
    pictures = torch.randn(2, 3, 28, 28)
    discriminator(pictures)
    discriminator.eval()(pictures)
    thinned, whole = seen
    left_out = (thinned == 0) & (whole > 0)
    assert left_out.sum() / (whole > 0).sum() == pytest.approx(0.5, abs=0.03)
    assert thinned.mean().item() == pytest.approx(whole.mean().item(), rel=0.05)


def test_what_is_left_out_goes_on_after_a_stop():
    first = MLPDiscriminator(DIGITS).train()
    pictures = torch.randn(2, 3, 28, 28)
    first(pictures)
    second = copy.deepcopy(first)
    third = MLPDiscriminator(DIGITS).train()
    third.load_state_dict(first.state_dict())
    assert torch.equal(second(pictures).scores, third(pictures).scores)
    before = first(pictures).scores
    assert not torch.equal(before, first(pictures).scores)


def test_nothing_is_left_out_in_use():
    discriminator = MLPDiscriminator(DIGITS).eval()
    pictures = torch.randn(2, 3, 28, 28)
    assert torch.equal(discriminator(pictures).scores, discriminator(pictures).scores)


def test_colours_are_seen_where_there_are_any():
    pictures = torch.zeros(1, 3, 6, 6)
    changed = pictures.clone()
    changed[:, 2] = 1
    for is_grey in (True, False):
        discriminator = MLPDiscriminator(MLPShape(6, is_grey=is_grey)).eval()
        assert torch.equal(discriminator(pictures).scores, discriminator(changed).scores) == is_grey


def test_what_cannot_be():
    with pytest.raises(BadOption, match=r"dropout is 1\.0; expected a share from 0 to below 1"):
        MLPDiscriminator(DIGITS, dropout=1.0)
