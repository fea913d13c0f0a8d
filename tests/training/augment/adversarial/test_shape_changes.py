import math

import pytest
import torch

from partly.training.augment.adversarial import ShapeChanges

NOTHING = {"turn": 0.0, "stretch": 0.0, "slant": 0.0, "shift": 0.0, "bolder": 0.0}


def seeded():
    return torch.Generator().manual_seed(1)


def bar(n=200):
    """A bright bar from top to bottom in the middle of dark pictures of 33 px."""
    images = torch.full((n, 1, 33, 33), -1.0)
    images[:, :, 6:27, 16] = 1
    return images


def weights(images):
    return (images[:, 0] + 1) / 2


def test_without_any_change_images_are_as_they_were():
    images = torch.randn(3, 2, 16, 16, generator=seeded())
    torch.testing.assert_close(ShapeChanges(**NOTHING)(images, seeded()), images, atol=1e-5, rtol=1e-5)


def test_a_bar_is_turned_both_ways_up_to_the_most():
    changed = weights(ShapeChanges(**NOTHING | {"turn": 0.5})(bar(), seeded()))
    places = torch.arange(33.0) - 16
    right = (changed * places).sum(2) / changed.sum(2).clamp(min=1e-6)
    # How far the bar goes to the right between rows 10 and 22.
    tangents = (right[:, 22] - right[:, 10]) / 12
    assert math.tan(0.35) < tangents.max() <= math.tan(0.5) + 0.05
    assert -math.tan(0.5) - 0.05 <= tangents.min() < -math.tan(0.35)


def test_images_are_moved_by_a_share_of_their_side():
    changed = weights(ShapeChanges(**NOTHING | {"shift": 0.1})(bar(), seeded()))
    columns = (changed.sum(1) * (torch.arange(33.0) - 16)).sum(1) / changed.sum((1, 2))
    assert columns.min() == pytest.approx(-3.3, abs=0.3)
    assert columns.max() == pytest.approx(3.3, abs=0.3)


def test_bars_become_bolder_or_thinner():
    changed = weights(ShapeChanges(**NOTHING | {"bolder": 1.0})(bar(), seeded())).sum((1, 2))
    assert changed.min() < 3 < 21 < 55 < changed.max() <= 3 * 23


def test_the_same_is_drawn_again_and_gradients_pass():
    images = torch.randn(4, 3, 16, 16, generator=seeded(), dtype=torch.float64).requires_grad_(True)
    first, second = (ShapeChanges()(images, seeded()) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first[0], first[1])
    (gradient,) = torch.autograd.grad(first.square().sum(), images)
    assert gradient.abs().sum() > 0
