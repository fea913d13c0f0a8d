"""Estimates and variances against sums over all distinct indexes, closed forms on normals, and repetition."""

from itertools import permutations, product

import numpy as np
import pytest

from partly.errors import BadOption
from partly.evaluation.metrics.kernel_distances import cubic_kernel, mmd_squared
from partly.evaluation.metrics.kernel_sums import Between, Within
from partly.evaluation.metrics.mean_discrepancies import mean_discrepancy
from partly.evaluation.metrics.three_sample_test import (
    mean_within,
    picture_sums,
    relative_similarity,
    sums_of_kernel,
)


def linear(x, y):
    return x @ y.T


def gaussian(x, y):
    return np.exp(-((x[:, None] - y[None]) ** 2).sum(2) / 2)


def kernels(kernel, *samples):
    x, y = samples
    return kernel(x, x), kernel(y, y), kernel(x, y)


def mean_over(values):
    values = list(values)
    return sum(values) / len(values)


def test_products_of_means_are_sums_over_distinct_indexes():
    draws = np.random.default_rng(0)
    xx, _, xy = kernels(gaussian, draws.normal(size=(5, 2)), draws.normal(size=(4, 2)))
    x, between = Within.of(xx), Between.of(xy)
    assert x.mean == pytest.approx(mean_over(xx[i, j] for i, j in permutations(range(5), 2)))
    four = (xx[i, j] * xx[k, m] for i, j, k, m in permutations(range(5), 4))
    assert x.square == pytest.approx(mean_over(four))
    three = (xx[i, j] * xy[k, m] for i, j, k in permutations(range(5), 3) for m in range(4))
    assert x.times(between.of_x) == pytest.approx(mean_over(three))
    pairs = product(permutations(range(5), 2), permutations(range(4), 2))
    assert between.square == pytest.approx(mean_over(xy[i, m] * xy[j, n] for (i, j), (m, n) in pairs))
    assert between.mean == pytest.approx(xy.mean())


def test_the_estimate_is_that_of_the_kernel_distance():
    draws = np.random.default_rng(0)
    x, y = draws.normal(size=(9, 3)), draws.normal(1, 2, size=(7, 3))
    assert mean_discrepancy(*kernels(cubic_kernel, x, y)).squared == pytest.approx(mmd_squared(x, y))
    assert picture_sums(x, y).likeness + mean_within(x) == pytest.approx(mmd_squared(x, y))


@pytest.mark.parametrize("shift", [0.0, 0.5, 2.0])
def test_variance_has_its_closed_form_on_normals(shift):
    """With ``k = xy``, of N(0, 1) and N(s, 1): the estimate is ``x̄² + ȳ² - 2 x̄ȳ`` without its diagonal.

    Of two samples of ``n``, its variance is ``8 s² / n`` of the first order, and ``2 · 2 / (n(n - 1))`` and
    ``4 / n²`` of the second.
    """
    draws, n, repetitions = np.random.default_rng(3), 12, 1500
    expected = 8 * shift**2 / n + 4 / (n * (n - 1)) + 4 / n**2
    found = []
    for _ in range(repetitions):
        x, y = draws.normal(size=(n, 1)), draws.normal(shift, 1, size=(n, 1))
        xx, yy, xy = kernels(linear, x, y)
        one, other, between = Within.of(xx), Within.of(yy), Between.of(xy)
        a, b, c = one.mean, other.mean, between.mean
        squared = a + b - 2 * c
        of_mean = one.square + other.square + 4 * between.square + 2 * a * b
        of_mean -= 4 * one.times(between.of_x) + 4 * other.times(between.of_y)
        told = mean_discrepancy(xx, yy, xy)
        assert told.squared == pytest.approx(squared)
        assert told.variance == pytest.approx(max(squared**2 - of_mean, told.first_order / 2))
        found.append((squared, squared**2 - of_mean))
    estimates, variances = np.array(found).T
    error = variances.std() / repetitions**0.5
    assert error < 0.1 * expected
    assert abs(variances.mean() - expected) < 3 * error
    assert estimates.var() == pytest.approx(expected, rel=0.12)
    assert estimates.mean() == pytest.approx(shift**2, abs=3 * (expected / repetitions) ** 0.5)


def test_the_variance_told_is_that_of_new_samples_and_of_a_bootstrap():
    draws, n = np.random.default_rng(4), 60

    def sample():
        return draws.normal(size=(n, 2)), draws.normal(0.8, 1.3, size=(n, 2))

    told = [mean_discrepancy(*kernels(cubic_kernel, *sample())) for _ in range(300)]
    spread = np.var([one.squared for one in told])
    assert np.mean([one.variance for one in told]) == pytest.approx(spread, rel=0.25)
    # Rows drawn again are partly the same ones, whose kernel with itself is left out.
    x, y = sample()
    xx, yy, xy = kernels(cubic_kernel, x, y)
    again = []
    for _ in range(400):
        i, j = draws.integers(0, n, n), draws.integers(0, n, n)
        apart_x, apart_y = i[:, None] != i[None], j[:, None] != j[None]
        a, b = xx[np.ix_(i, i)][apart_x].mean(), yy[np.ix_(j, j)][apart_y].mean()
        again.append(a + b - 2 * xy[np.ix_(i, j)].mean())
    assert mean_discrepancy(xx, yy, xy).variance == pytest.approx(np.var(again), rel=0.25)


def test_where_samples_are_alike_the_first_order_is_twice_the_variance():
    draws = np.random.default_rng(5)
    told = [mean_discrepancy(*kernels(gaussian, *draws.normal(size=(2, 50, 2)))) for _ in range(300)]
    spread = np.var([one.squared for one in told])
    assert np.mean([one.first_order for one in told]) == pytest.approx(2 * spread, rel=0.2)
    assert all(one.variance >= one.first_order / 2 for one in told)


def test_no_variance_has_no_t_statistic():
    ones = np.ones((4, 4))
    assert mean_discrepancy(ones, ones, ones).t_statistic == 0
    draws = np.random.default_rng(0)
    found = mean_discrepancy(*kernels(gaussian, draws.normal(size=(40, 1)), draws.normal(2, 1, size=(40, 1))))
    assert found.t_statistic == pytest.approx(found.squared / found.variance**0.5)
    assert found.t_statistic > 5


def three_samples(draws, new, old, n=40, m=30):
    photos = draws.normal(size=(n, 2))
    both = (picture_sums(photos, draws.normal(shift, 1, size=(m, 2))) for shift in (new, old))
    return relative_similarity(*both)


def test_a_difference_is_that_of_two_distances_and_its_variance_that_of_repetition():
    draws = np.random.default_rng(6)
    photos, new, old = draws.normal(size=(9, 2)), draws.normal(1, 1, size=(8, 2)), draws.normal(size=(7, 2))
    found = relative_similarity(picture_sums(photos, new), picture_sums(photos, old))
    assert found.difference == pytest.approx(mmd_squared(photos, new) - mmd_squared(photos, old))
    for shifts in ((0.7, 1.0), (0.3, 0.3)):
        told = [three_samples(draws, *shifts) for _ in range(400)]
        spread = np.std([one.difference for one in told])
        deviations = [one.difference / one.statistic for one in told]
        assert np.mean(np.square(deviations)) ** 0.5 == pytest.approx(spread, rel=0.2)


def test_how_often_equals_are_found_better_is_what_p_says():
    draws = np.random.default_rng(7)
    found = np.array([three_samples(draws, 0.5, 0.5).p for _ in range(600)])
    for level in (0.1, 0.5, 0.9):
        assert np.mean(found < level) == pytest.approx(level, abs=0.06)


def test_better_ones_have_a_small_p_and_worse_ones_a_large_one():
    draws = np.random.default_rng(8)
    better = three_samples(draws, 0.2, 1.0)
    assert better.difference < 0
    assert better.p < 0.05
    assert three_samples(draws, 1.0, 0.2).p > 0.95


def test_pictures_all_alike():
    ones = np.ones((5, 5))
    same = sums_of_kernel(ones, ones)
    assert relative_similarity(same, same).p == 0.5
    worse = sums_of_kernel(3 * ones, ones)
    assert relative_similarity(worse, same).p == 1
    assert relative_similarity(same, worse).p == 0


def test_too_few_or_no_numbers():
    good, bad = np.ones((4, 2)), np.full((4, 2), np.nan)
    with pytest.raises(
        BadOption, match=r"there are 3 pictures; expected 4 or more, since its variance needs"
    ):
        picture_sums(good, good[:3])
    with pytest.raises(BadOption, match="the features of 4 of 4 pictures are NaN or infinite"):
        picture_sums(good, bad)
    with pytest.raises(BadOption, match="pictures have 1 features each, photos 2"):
        picture_sums(good, good[:, :1])
