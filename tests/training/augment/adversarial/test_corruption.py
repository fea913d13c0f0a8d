import math

import pytest
import torch

from partly.training.augment.adversarial.corruption import Corruption, cut_out


def random(seed=0):
    return torch.Generator().manual_seed(seed)


def ones(n=1000, size=8):
    return torch.ones(n, 3, size, size)


def test_nothing_drawn_changes_nothing():
    assert torch.equal(Corruption(0, 0)(ones(), 1.0, random()), ones())


def test_noise_is_as_strong_as_in_the_paper():
    noise = Corruption(cutout=0)(ones(4000), 1.0, random()) - 1
    deviations = noise.flatten(1).std(1)
    # A half-normal one.
    assert deviations.mean() == pytest.approx(0.1 * math.sqrt(2 / math.pi), rel=0.05)
    assert deviations.square().mean().sqrt() == pytest.approx(0.1, rel=0.05)
    assert noise.mean() == pytest.approx(0, abs=1e-3)


def test_a_square_of_half_the_side_is_cut_out():
    cut = cut_out(ones(3), torch.tensor([[0.5, 0.5], [0.0, 0.25], [1.0, 1.0]]), 0.5)
    gone = cut[:, 0] == 0
    wanted = torch.zeros(3, 8, 8, dtype=torch.bool)
    wanted[0, 2:6, 2:6] = wanted[1, :2, :4] = wanted[2, 6:, 6:] = True
    assert torch.equal(gone, wanted)


@pytest.mark.parametrize("change", [Corruption(cutout=0), Corruption(noise=0), Corruption(0.5, 0)])
def test_as_many_are_changed_as_p_says(change):
    n, p = 4000, 0.3
    found = (change(ones(n), p, random()) != 1).flatten(1).any(1).float().mean().item()
    share = p * max(change.noise, change.cutout)
    assert found == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / n))


def test_the_same_numbers_give_the_same_pictures():
    assert torch.equal(Corruption()(ones(), 0.5, random()), Corruption()(ones(), 0.5, random()))
    assert not torch.equal(Corruption()(ones(), 0.5, random()), Corruption()(ones(), 0.5, random(1)))


def test_gradients_agree_with_finite_differences():
    small = torch.rand(2, 1, 4, 4, dtype=torch.float64, generator=random(3)).requires_grad_(True)
    torch.autograd.gradcheck(lambda x: Corruption()(x, 0.9, random()), small)
