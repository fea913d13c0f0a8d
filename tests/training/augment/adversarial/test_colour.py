import colorsys
import math

import pytest
import torch

from partly.training.augment.adversarial.colour_matrices import (
    Colour,
    brightening,
    contrasting,
    hue_rotation,
    luma_flipping,
    recoloured,
    saturating,
)

NONE = dict.fromkeys(("brightness", "contrast", "luma_flip", "hue", "saturation"), 0.0)
DEVIATIONS = {"brightness": 0.2, "contrast": 0.5, "saturation": 1.0}


def random(seed=0):
    return torch.Generator().manual_seed(seed)


def images(n=4, size=5):
    return torch.rand(n, 3, size, size, generator=random(9)) * 2 - 1


def test_nothing_drawn_changes_nothing():
    assert torch.equal(Colour(**NONE)(images(), 1.0, random()), images())
    assert torch.equal(Colour().matrices(50, 0.0, random()), torch.eye(4).double().expand(50, 4, 4))


@pytest.mark.parametrize(
    ("matrices", "formula"),
    [
        (brightening(torch.tensor([0.3])), lambda x: x + 0.3),
        (contrasting(torch.tensor([1.7])), lambda x: x * 1.7),
        (luma_flipping(torch.tensor([0.0])), lambda x: x),
        (luma_flipping(torch.tensor([1.0])), lambda x: x - 2 * x.mean(1, keepdim=True)),
        (
            saturating(torch.tensor([0.4])),
            lambda x: x.mean(1, keepdim=True) + 0.4 * (x - x.mean(1, keepdim=True)),
        ),
        # A third of a turn about the grey axis swaps the colours round.
        (hue_rotation(torch.tensor([2 * math.pi / 3])), lambda x: x.roll(1, 1)),
    ],
)
def test_each_change_against_its_formula(matrices, formula):
    before = images(1)
    assert (recoloured(before, matrices) - formula(before)).abs().max() < 1e-6


def test_a_turn_of_hue_keeps_brightness_and_saturation():
    matrices = hue_rotation(torch.tensor([0.9]))[0, :3, :3]
    assert (matrices @ matrices.T - torch.eye(3)).abs().max() < 1e-6
    assert matrices.det().item() == pytest.approx(1)
    assert (matrices.sum(1) - 1).abs().max() < 1e-6
    # And turns hue forwards: pure red goes towards yellow.
    red = matrices @ torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)
    hue = colorsys.rgb_to_hsv(*(red - red.min()).tolist())[0]
    assert 0.05 < hue < 0.25


def test_all_changes_are_one_product():
    """Brightness comes first, saturation last."""
    before, n = images(50), 50
    chosen = Colour()
    changed = chosen(before, 1.0, random())
    matrices = chosen.matrices(n, 1.0, random())
    for one, other, matrix in zip(before, changed, matrices.float(), strict=True):
        wanted = torch.einsum("ij,jhw->ihw", matrix[:3, :3], one) + matrix[:3, 3, None, None]
        assert (wanted - other).abs().max() < 1e-5
    # What is added to grey is scaled by the contrast, and stays grey.
    added = matrices[:, :3, 3]
    assert (added - added[:, :1]).abs().max() < 1e-6


@pytest.mark.parametrize("name", NONE)
@pytest.mark.parametrize("p", [0.2, 0.7])
def test_as_many_are_changed_as_p_says(name, p):
    n = 4000
    matrices = Colour(**NONE | {name: 1.0}).matrices(n, p, random())
    found = (matrices != torch.eye(4)).any(2).any(1).float().mean().item()
    changed = p / 2 if name == "luma_flip" else p
    assert found == pytest.approx(changed, abs=4 * math.sqrt(changed * (1 - changed) / n))


def test_numbers_are_spread_as_in_the_paper():
    n = 20_000
    drawn = {name: Colour(**NONE | {name: 1.0}).matrices(n, 1.0, random()) for name in NONE}
    assert drawn["brightness"][:, 0, 3].std() == pytest.approx(0.2, rel=0.03)
    assert drawn["contrast"][:, 0, 0].log2().std() == pytest.approx(0.5, rel=0.03)
    # Across the grey axis: red less green.
    across = drawn["saturation"][:, 0, 0] - drawn["saturation"][:, 0, 1]
    assert across.log2().std() == pytest.approx(1.0, rel=0.03)
    cosines = (drawn["hue"].diagonal(dim1=1, dim2=2).sum(1) - 2) / 2
    assert cosines.clamp(-1, 1).acos().std() == pytest.approx(math.pi / math.sqrt(12), rel=0.03)


def test_gradients_agree_with_finite_differences():
    small = images(2, 2).double().requires_grad_(True)
    torch.autograd.gradcheck(lambda x: Colour()(x, 0.8, random()), small, fast_mode=True)
    torch.autograd.gradgradcheck(lambda x: Colour()(x, 0.8, random()).square(), small, fast_mode=True)
