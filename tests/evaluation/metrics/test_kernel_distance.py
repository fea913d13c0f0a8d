from __future__ import annotations

import re

import numpy as np
import pytest

from partly.errors import BadOption
from partly.evaluation.metrics.kernel_distances import kernel_distance, mmd_squared


def naive_kernel(x, y):
    return (sum(a * b for a, b in zip(x, y, strict=True)) / len(x) + 1) ** 3


def naive_mmd_squared(ones, others):
    def pairs(rows):
        values = [naive_kernel(x, y) for i, x in enumerate(rows) for j, y in enumerate(rows) if i != j]
        return sum(values) / len(values)

    between = [naive_kernel(x, y) for x in ones for y in others]
    return pairs(ones) + pairs(others) - 2 * sum(between) / len(between)


def shifted_normal_distance(shift):
    """Of N(0, 1) and N(shift, 1): ``(xy + 1)³`` compares the first three moments, with weights 3, 3 and 1."""
    return 3 * shift**2 + 3 * shift**4 + (shift**3 + 3 * shift) ** 2


def test_estimate_is_what_a_double_loop_gives():
    draws = np.random.default_rng(0)
    ones, others = draws.normal(size=(5, 3)), draws.normal(1, 2, size=(4, 3))
    assert mmd_squared(ones, others) == pytest.approx(naive_mmd_squared(ones, others), rel=1e-12)


def test_blocks_are_averaged_and_hold_no_row_twice():
    """With one row that differs from zeros, exactly one block is not 0."""
    photos, pictures = np.zeros((12, 1)), np.zeros((9, 1))
    photos[:] = 1
    pictures[:] = 1
    pictures[4] = 3
    found = kernel_distance(photos, pictures, block_size=3)
    ones = np.ones((3, 1))
    alone = naive_mmd_squared(ones, np.array([[1.0], [1.0], [3.0]]))
    assert (found.n_blocks, found.block_size) == (3, 3)
    assert found.mean == pytest.approx(alone / 3)
    assert found.standard_error == pytest.approx(np.std([alone, 0, 0], ddof=1) / 3**0.5)


def test_equal_distributions_are_at_no_distance_on_average():
    draws = np.random.default_rng(0)
    found = np.array([mmd_squared(*draws.normal(size=(2, 6, 2))) for _ in range(4000)])
    assert abs(found.mean()) < 3 * found.std() / len(found) ** 0.5
    assert found.min() < 0


def test_a_shift_is_found_without_bias_from_few_pictures():
    draws = np.random.default_rng(1)
    expected = shifted_normal_distance(0.7)
    for n in (3, 30):
        found = np.array(
            [mmd_squared(draws.normal(size=(n, 1)), draws.normal(0.7, 1, size=(n, 1))) for _ in range(3000)]
        )
        error = found.std() / len(found) ** 0.5
        assert error < 0.2 * expected
        assert abs(found.mean() - expected) < 3 * error


def test_distance_of_shifted_normals_has_its_closed_form_within_the_error_it_tells():
    draws = np.random.default_rng(2)
    photos, pictures = draws.normal(size=(20_000, 1)), draws.normal(0.5, 1, size=(20_000, 1))
    found = kernel_distance(photos, pictures, block_size=500)
    assert found.n_blocks == 40
    assert abs(found.mean - shifted_normal_distance(0.5)) < 3 * found.standard_error
    assert found.standard_error < 0.1 * found.mean


def test_error_told_is_the_spread_of_figures():
    draws = np.random.default_rng(3)
    found = [
        kernel_distance(draws.normal(size=(80, 1)), draws.normal(size=(80, 1)), block_size=4)
        for _ in range(100)
    ]
    spread = np.std([one.mean for one in found])
    told = np.sqrt(np.mean([one.standard_error**2 for one in found]))
    assert told == pytest.approx(spread, rel=0.3)


def test_a_seed_gives_the_same_figure_and_another_another():
    draws = np.random.default_rng(4)
    photos, pictures = draws.normal(size=(40, 3)), draws.normal(size=(40, 3)).astype(np.float32)
    one = kernel_distance(photos, pictures, block_size=5, seed=7)
    assert kernel_distance(photos, pictures, block_size=5, seed=7) == one
    assert kernel_distance(photos, pictures, block_size=5, seed=8) != one


@pytest.mark.parametrize(
    ("n_photos", "n_pictures", "blocks"), [(4, 9, (2, 2)), (999, 7, (2, 3)), (10, 10, (2, 5))]
)
def test_a_few_pictures_are_two_blocks(n_photos, n_pictures, blocks):
    found = kernel_distance(np.ones((n_photos, 2)), np.ones((n_pictures, 2)))
    assert (found.n_blocks, found.block_size) == blocks
    assert found.mean == 0


@pytest.mark.parametrize(
    ("photos", "pictures", "options", "text"),
    [
        (
            np.zeros((3, 2)),
            np.zeros((4, 2)),
            {},
            "there are 3 photos; expected 4 or more, two blocks of two. Take more photos.",
        ),
        (
            np.zeros((4, 2)),
            np.zeros((0, 2)),
            {},
            "there are 0 pictures; expected 4 or more, two blocks of two. Take more pictures.",
        ),
        (
            np.zeros((4, 2)),
            np.zeros((4, 3)),
            {},
            "pictures have 3 features each, photos 2; expected as many for both. "
            "Compute both with the same feature network.",
        ),
        (np.zeros((4, 2)), np.zeros((4, 2)), {"block_size": 1}, "block_size is 1; expected 2 or more."),
        (np.zeros((4, 2)), np.zeros((4, 2)), {"seed": -1}, "seed is -1; expected 0 or more."),
    ],
)
def test_what_cannot_be_compared_is_refused(photos, pictures, options, text):
    with pytest.raises(BadOption, match=f"^{re.escape(text)}$"):
        kernel_distance(photos, pictures, **options)


def test_a_photo_without_features_is_refused():
    photos = np.zeros((5, 2))
    photos[3, 1] = np.nan
    with pytest.raises(BadOption, match=r"^the features of 1 of 5 photos are NaN or infinite; .* number 3,"):
        kernel_distance(photos, np.zeros((5, 2)))
