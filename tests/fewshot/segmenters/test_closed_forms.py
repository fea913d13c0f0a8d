from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from partly.fewshot.segmenters.conjugate_gradients import conjugate_gradients
from partly.fewshot.segmenters.normal_equations import normal_equations, part_weights, solve_dual
from partly.fewshot.segmenters.picture_uncertainty import disagreement, uncertainty


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


@pytest.mark.parametrize(("n", "d"), [(3, 40), (12, 12), (60, 9)])
@pytest.mark.parametrize("penalty", [0.1, 3.0])
def test_the_dual_form_gives_what_the_primal_one_gives(n: int, d: int, penalty: float) -> None:
    draws = torch.Generator().manual_seed(n)
    x, y = (torch.randn(n, size, generator=draws, dtype=torch.float64) for size in (d, 3))
    s = torch.rand(n, generator=draws, dtype=torch.float64) + 0.01
    x[:, -1] = 1
    penalties = torch.full((d,), penalty, dtype=torch.float64)
    penalties[-1] = 1e-9
    expected = normal_equations(x, y, s).solve(penalties)
    torch.testing.assert_close(solve_dual(x, y, s, penalty), expected, rtol=1e-6, atol=1e-7)


def _positive(d: int) -> torch.Tensor:
    x = torch.randn(2 * d, d, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return x.T @ x / d + 0.1 * torch.eye(d, dtype=torch.float64)


def test_conjugate_gradients_find_what_was_asked_for() -> None:
    matrix, draws = _positive(12), torch.Generator().manual_seed(1)
    wanted = torch.randn(4, 12, generator=draws, dtype=torch.float64)
    wanted[2] = 0
    exact = torch.linalg.solve(matrix, wanted.T).T
    guess = torch.zeros_like(wanted)
    found, n_steps = conjugate_gradients(lambda v: v @ matrix, wanted, guess, lambda v: v, 1e-6, 40)
    assert n_steps is not None
    assert 4 < n_steps <= 20, "d steps are enough but for rounding"
    torch.testing.assert_close(found, exact, rtol=1e-4, atol=1e-5)
    inverse = torch.linalg.inv(matrix)
    led, n_led = conjugate_gradients(lambda v: v @ matrix, wanted, guess, lambda v: v @ inverse, 1e-6, 40)
    assert n_led == 1
    torch.testing.assert_close(led, exact)
    assert conjugate_gradients(lambda v: v @ matrix, wanted, exact, lambda v: v, 1e-6, 40)[1] == 0


def test_conjugate_gradients_give_up_once_it_takes_too_long() -> None:
    matrix = torch.diag(torch.logspace(-6, 2, 60, dtype=torch.float64))
    asked: list[int] = []

    def apply(rows: torch.Tensor) -> torch.Tensor:
        asked.append(len(rows))
        return rows @ matrix

    wanted = torch.ones(1, 60, dtype=torch.float64)
    _, n_steps = conjugate_gradients(apply, wanted, torch.zeros_like(wanted), lambda v: v, 1e-8, 12)
    assert n_steps is None
    assert len(asked) == 5, "after four steps it could be told"
    _, n_steps = conjugate_gradients(apply, wanted, torch.zeros_like(wanted), lambda v: v, 1e-8, 2)
    assert n_steps is None


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
