from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from partly.segmenters.normal_equations import normal_equations, part_weights
from partly.segmenters.uncertainty import disagreement, uncertainty


@given(seed=st.integers(0, 1000), penalty=st.floats(0.01, 10))
@settings(deadline=None, max_examples=25)
def test_ridge_against_least_squares_on_stretched_rows(seed: int, penalty: float) -> None:
    draws = np.random.default_rng(seed)
    x, y, s = draws.normal(size=(30, 5)), draws.normal(size=(30, 2)), draws.uniform(0.1, 2, 30)
    sums = normal_equations(*(torch.from_numpy(a) for a in (x, y, s)))
    found = sums.solve(torch.full((5,), penalty, dtype=torch.float64)).numpy()
    root = np.sqrt(s / s.sum())[:, None]
    stacked = np.vstack((x * root, np.sqrt(penalty) * np.eye(5)))
    expected = np.linalg.lstsq(stacked, np.vstack((y * root, np.zeros((5, 2)))), rcond=None)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


def test_sums_of_two_batches_are_those_of_both_and_can_be_taken_out() -> None:
    x, y, s = torch.randn(20, 4), torch.randn(20, 2), torch.rand(20)
    first, second = normal_equations(x[:8], y[:8], s[:8]), normal_equations(x[8:], y[8:], s[8:])
    whole, penalty = normal_equations(x, y, s), torch.full((4,), 0.1)
    torch.testing.assert_close((first + second).solve(penalty), whole.solve(penalty))
    torch.testing.assert_close((whole - second).solve(penalty), first.solve(penalty), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(whole.scaled(7.0).solve(penalty), whole.solve(penalty))


@pytest.mark.parametrize("d", [1, 384, 385, 900])
def test_products_in_blocks_are_those_of_the_whole_matrix_and_symmetric(d: int) -> None:
    x, s = torch.randn(7, d, dtype=torch.float64), torch.rand(7, dtype=torch.float64)
    gram = normal_equations(x, torch.zeros(7, 1, dtype=torch.float64), s).gram
    torch.testing.assert_close(gram, x.T @ (x * s[:, None]))
    torch.testing.assert_close(gram, gram.T)


def test_part_weights_at_both_ends() -> None:
    shares = torch.nn.functional.one_hot(torch.tensor([0] * 90 + [1] * 10), 3).float()
    assert torch.allclose(part_weights(shares, 0.0), torch.full((100,), 0.01))
    equal = part_weights(shares, 1.0)
    torch.testing.assert_close(equal[:90].sum(), equal[90:].sum())
    torch.testing.assert_close(equal.sum(), torch.tensor(1.0))


def test_uncertainty_at_both_ends() -> None:
    certain = torch.zeros(1, 4, 5, 5)
    certain[:, 2] = 100.0
    assert float(uncertainty(certain)) < 1e-6
    torch.testing.assert_close(uncertainty(torch.zeros(1, 4, 5, 5)), torch.ones(1))


def test_disagreement_ignores_what_all_are_unsure_of() -> None:
    unsure = torch.zeros(2, 1, 2, 3, 3).log_softmax(2)
    assert float(disagreement(unsure)) < 1e-6
    opposed = torch.full((2, 1, 2, 3, 3), -100.0)
    opposed[0, :, 0] = opposed[1, :, 1] = 0.0
    torch.testing.assert_close(disagreement(opposed.log_softmax(2)), torch.ones(1))
