"""The losses of the finder, against sums by hand."""

import math

import pytest
import torch

from partly.losses import centre_loss, placement_loss

ONE = torch.tensor(1.0)


def test_the_focal_loss_of_centres_by_hand():
    logits, heat = torch.tensor([[[2.0, -1.0, 0.5]]]), torch.tensor([[[1.0, 0.6, 0.0]]])
    p = [1 / (1 + math.exp(-value)) for value in (2.0, -1.0, 0.5)]
    by_hand = -(
        (1 - p[0]) ** 2 * math.log(p[0])
        + 0.4**4 * p[1] ** 2 * math.log(1 - p[1])
        + p[2] ** 2 * math.log(1 - p[2])
    )
    assert centre_loss(logits, heat, torch.ones(1, 1, 3), ONE).item() == pytest.approx(by_hand, rel=1e-5)
    assert centre_loss(logits, heat, torch.ones(1, 1, 3), torch.tensor(4.0)).item() == pytest.approx(
        by_hand / 4, rel=1e-5
    )


def test_what_does_not_count_does_not_count():
    logits, heat = torch.tensor([[[2.0, 9.0]]]), torch.tensor([[[1.0, 0.0]]])
    counted = centre_loss(logits, heat, torch.tensor([[[1.0, 0.0]]]), ONE)
    assert counted == centre_loss(logits[..., :1], heat[..., :1], torch.ones(1, 1, 1), ONE)


def test_placement_is_measured_near_centres_and_directions_have_no_length():
    true = torch.tensor([0.5, -0.5, 1.0, 0.0, 1.0]).view(1, 5, 1, 1).expand(1, 5, 1, 2)
    said = true.clone()
    said[0, 3:] *= 7
    said[0, 2, 0, 0] += 0.3
    said[0, :, 0, 1] = 99
    assert placement_loss(said, true, torch.tensor([[[1.0, 0.0]]])).item() == pytest.approx(0.3, abs=1e-4)
    assert placement_loss(said, true, torch.zeros(1, 1, 2)) == 0
    over = torch.tensor(2.0)
    assert placement_loss(said, true, torch.tensor([[[1.0, 0.0]]]), over).item() == pytest.approx(
        0.15, abs=1e-4
    )
