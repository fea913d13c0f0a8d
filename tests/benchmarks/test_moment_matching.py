"""Parzen windows of the benchmark of moment matching, against closed forms."""

import math

import pytest
import torch
from benchmarks.moment_matching import WIDTHS, best_width, log_likelihood, names_told


def test_one_centre_is_one_gaussian() -> None:
    points = torch.tensor([[0.0, 0.0, 0.0], [0.3, 0.0, 0.4]])
    centres = torch.zeros(1, 3)
    width = 0.2
    naive = [
        -(point.square().sum().item()) / (2 * width**2) - 3 * math.log(width * math.sqrt(2 * math.pi))
        for point in points
    ]
    assert log_likelihood(points, centres, width) == pytest.approx(sum(naive) / 2, abs=1e-4)


def test_a_centre_twice_counts_as_one() -> None:
    points, centres = torch.rand(5, 4), torch.rand(3, 4)
    once = log_likelihood(points, centres, 0.3)
    assert log_likelihood(points, centres.repeat(2, 1), 0.3) == pytest.approx(once, abs=1e-4)


def test_width_that_suits_is_that_of_the_points() -> None:
    random = torch.Generator().manual_seed(0)
    width = WIDTHS[8]
    centres = 10 * torch.rand(20, 30, generator=random)
    points = centres.repeat(50, 1) + width * torch.randn(1000, 30, generator=random)
    assert best_width(points, centres) == width


class _Says(torch.nn.Module):
    """Logits that are the first ten values of a picture."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten(1)[:, :10]


def test_names_of_pictures_that_are_all_one() -> None:
    pictures = torch.zeros(6, 1, 4, 4)
    pictures[:, 0, 0, 3] = 50.0
    told = names_told(_Says(), pictures)
    assert told == {"share that the network is sure of": 1.0, "entropy of names, nats": 0.0}


def test_names_of_pictures_that_nothing_is_known_of() -> None:
    assert names_told(_Says(), torch.zeros(4, 1, 4, 4))["share that the network is sure of"] == 0.0
