from __future__ import annotations

import pytest
import torch

from partly.errors import BadOption
from partly.models.generators.latent_sampling import mean_of_w, sample_factor, sample_w, sample_z
from partly.models.generators.truncation import Truncation
from tests.fakes import tiny_generator


def test_a_latent_depends_on_seed_and_index_only() -> None:
    first = sample_z(16, 3, 5)
    torch.manual_seed(99)
    sample_z(16, 3, 4)
    assert torch.equal(sample_z(16, 3, 5), first)
    assert not torch.equal(sample_z(16, 3, 6), first)
    assert not torch.equal(sample_z(16, 4, 5), first)


def test_latents_are_what_they_were_in_the_first_version() -> None:
    # Shipped annotations and benchmarks name pictures by seed and index: these values must never change.
    expected = [-0.5473, -1.2001, 0.7726, 0.3385]
    torch.testing.assert_close(sample_z(4, 2026, 7)[0], torch.tensor(expected), rtol=0, atol=1e-4)


def test_latents_are_standard_normal() -> None:
    z = torch.cat([sample_z(64, 0, i) for i in range(200)])
    assert abs(float(z.mean())) < 0.03
    assert abs(float(z.std()) - 1) < 0.03


def test_factors_fill_the_range_evenly() -> None:
    factors = torch.tensor([sample_factor(Truncation(0.6, 0.8), 1, i) for i in range(400)])
    assert float(factors.min()) >= 0.6
    assert float(factors.max()) <= 0.8
    assert abs(float(factors.mean()) - 0.7) < 0.01


def test_without_truncation_nothing_is_pulled() -> None:
    generator = tiny_generator()
    assert torch.equal(sample_w(generator, 0, 0), generator.map(sample_z(8, 0, 0)))


@pytest.mark.parametrize(("low", "high"), [(0.9, 0.8), (-0.1, 1), (0, 2.5)])
def test_impossible_truncation_is_refused(low: float, high: float) -> None:
    with pytest.raises(BadOption, match=r"expected 0 <= low <= high <= 2\. Try 0\.7 to 1"):
        Truncation(low, high)


def test_negative_seed_is_refused() -> None:
    with pytest.raises(BadOption, match="seed -1, index 0; expected numbers from 0 up"):
        sample_z(4, -1, 0)


def test_the_mean_of_w_is_that_of_the_first_latents() -> None:
    generator = tiny_generator()
    first = torch.cat([sample_w(generator, 0, i, purpose="mean of w")[:, 0] for i in range(4)])
    torch.testing.assert_close(mean_of_w(generator, 4), first.mean(0))
