from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from partly.errors import BadOption
from partly.evaluation.metrics import feature_sets as features
from partly.evaluation.metrics.frechet import FeatureSums, Gaussian, feature_sums, frechet_distance

NUMBERS = st.floats(-100, 100, width=32)
ROWS = hnp.arrays(np.float32, st.tuples(st.integers(0, 7), st.just(3)), elements=NUMBERS)


def rotation(width, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(width, width)))[0]


def covariance(width, rank, seed):
    factor = np.random.default_rng(seed).normal(size=(width, rank))
    return factor @ factor.T


def root(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T


def naive_distance(one, other):
    """The equation, with the root of the product from its eigenvalues, which are real and not negative."""
    eigenvalues = np.linalg.eigvals(one.covariance @ other.covariance)
    spread = np.trace(one.covariance) + np.trace(other.covariance)
    return (
        np.square(one.mean - other.mean).sum() + spread - 2 * np.sqrt(eigenvalues.astype(complex)).sum().real
    )


def test_distance_in_one_dimension_is_of_means_and_of_deviations():
    one = Gaussian(np.array([1.0]), np.array([[4.0]]))
    other = Gaussian(np.array([4.0]), np.array([[25.0]]))
    assert frechet_distance(one, other) == pytest.approx((4 - 1) ** 2 + (5 - 2) ** 2)


def test_covariances_that_commute_have_the_distance_of_their_deviations():
    turned = rotation(6)
    deviations, others = np.array([1, 2, 3, 4, 5, 0.0]), np.array([2, 2, 0, 1, 7, 3.0])
    one = Gaussian(np.zeros(6), turned * deviations**2 @ turned.T)
    other = Gaussian(np.full(6, 0.5), turned * others**2 @ turned.T)
    expected = 6 * 0.25 + np.square(deviations - others).sum()
    assert frechet_distance(one, other) == pytest.approx(expected, rel=1e-12)


def test_covariances_that_do_not_commute_have_the_distance_of_the_equation():
    one = Gaussian(np.zeros(5), covariance(5, 9, 0))
    other = Gaussian(np.arange(5.0), covariance(5, 9, 1))
    assert frechet_distance(one, other) == pytest.approx(naive_distance(one, other), rel=1e-9)
    assert frechet_distance(other, one) == pytest.approx(frechet_distance(one, other), rel=1e-12)


def test_a_stretched_gaussian_lies_as_far_as_the_best_transport():
    """The map ``A x`` with ``A`` symmetric and positive is the best; its cost is ``Tr (A - 1) C (A - 1)``."""
    base, stretch = covariance(4, 9, 0), np.eye(4) + 0.2 * covariance(4, 4, 1)
    moved = stretch @ base @ stretch
    cost = np.trace((stretch - np.eye(4)) @ base @ (stretch - np.eye(4)))
    found = frechet_distance(Gaussian(np.zeros(4), base), Gaussian(np.zeros(4), (moved + moved.T) / 2))
    assert found == pytest.approx(cost, rel=1e-10)


@pytest.mark.parametrize("rank", [0, 1, 5, 60])
def test_a_gaussian_is_at_no_distance_from_itself_whatever_its_rank(rank):
    one = Gaussian(np.ones(60), covariance(60, rank, 0) if rank else np.zeros((60, 60)))
    assert 0 <= frechet_distance(one, one) <= 1e-11 * max(1, np.trace(one.covariance))


def test_covariances_without_a_common_direction_are_as_far_as_their_sizes():
    """Eigenvalues that rounding leaves beside 0 must not add up: their roots would be 1e-8 each."""
    turned = rotation(200)
    one = turned[:, :100] @ turned[:, :100].T
    other = turned[:, 100:] @ turned[:, 100:].T
    found = frechet_distance(Gaussian(np.zeros(200), one), Gaussian(np.zeros(200), other))
    assert found == pytest.approx(200, abs=1e-6)


def test_distance_to_a_single_point_is_all_of_the_spread():
    one = Gaussian(np.zeros(3), np.diag([1.0, 2.0, 3.0]))
    assert frechet_distance(one, Gaussian(np.array([0, 0, 2.0]), np.zeros((3, 3)))) == pytest.approx(10)


def test_distance_of_samples_comes_near_that_of_their_gaussians():
    draws = np.random.default_rng(0)
    one = Gaussian(np.zeros(3), covariance(3, 5, 0))
    other = Gaussian(np.array([1, 0, -1.0]), covariance(3, 5, 1))
    samples = [draws.normal(size=(20_000, 3)) @ root(of.covariance) + of.mean for of in (one, other)]
    found = frechet_distance(*(feature_sums([rows]).gaussian() for rows in samples))
    assert found == pytest.approx(frechet_distance(one, other), rel=0.03)


def test_fewer_pictures_are_further_away():
    draws = np.random.default_rng(0)
    truth = Gaussian(np.zeros(8), np.eye(8))
    few, many = (
        frechet_distance(truth, feature_sums([draws.normal(size=(n, 8))]).gaussian()) for n in (30, 3000)
    )
    assert few > 10 * many > 0


@settings(deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=4))
def test_sums_of_batches_have_the_moments_of_all_rows(batches):
    sums, rows = feature_sums(batches), np.concatenate(batches).astype(np.float64)
    assert sums.n == len(rows)
    np.testing.assert_allclose(sums.total, rows.sum(axis=0), atol=1e-9)
    if sums.n > 1:
        found = sums.gaussian()
        np.testing.assert_allclose(found.mean, rows.mean(axis=0), atol=1e-9)
        np.testing.assert_allclose(found.covariance, np.cov(rows.T), atol=1e-8)


@settings(deadline=None)
@given(ROWS, ROWS)
def test_merged_sums_are_those_of_the_whole(one, other):
    merged = feature_sums([one]) + feature_sums([other])
    whole = feature_sums([np.concatenate([one, other])])
    assert merged.n == whole.n
    np.testing.assert_allclose(merged.total, whole.total, atol=1e-9)
    np.testing.assert_allclose(merged.outer, whole.outer, atol=1e-8)


def test_sums_of_nothing_add_nothing_and_merging_changes_neither():
    one = feature_sums([np.arange(6.0).reshape(2, 3)])
    before = one.outer.copy()
    merged = FeatureSums.nothing(3) + one
    assert merged.n == 2
    np.testing.assert_array_equal(merged.outer, before)
    np.testing.assert_array_equal((merged + one).outer, 2 * before)
    np.testing.assert_array_equal(one.outer, before)


def test_sums_do_not_depend_on_the_blocks_nor_on_single_precision(monkeypatch):
    rows = np.random.default_rng(0).normal(3, 1, size=(50, 4)).astype(np.float32)
    whole = feature_sums([rows]).gaussian()
    monkeypatch.setattr(features, "_BLOCK_ROWS", 7)
    np.testing.assert_allclose(feature_sums([rows]).gaussian().covariance, whole.covariance, rtol=1e-12)
    np.testing.assert_allclose(whole.covariance, np.cov(rows.T.astype(np.float64)), rtol=1e-10)


def test_a_stream_is_read_one_batch_at_a_time():
    def batches():
        for n in range(3):
            yield np.full((2, 1), n, np.float32)

    assert feature_sums(batches()).gaussian().mean == pytest.approx([1.0])


@pytest.mark.parametrize(
    ("batches", "text"),
    [
        ([], "there are no pictures; expected 2 or more."),
        (
            [np.zeros(4)],
            "the features of the pictures have shape [4]; "
            "expected [n, d], a row of one number or more for each.",
        ),
        (
            [np.zeros((2, 3)), np.zeros((2, 4))],
            "a batch of pictures with 4 features each; expected 3, as in the first batch.",
        ),
        (
            [np.array([[0.0], [1.0], [np.nan], [np.inf]])],
            "the features of 2 of 4 pictures are NaN or infinite; expected finite numbers. "
            "Look at number 2, counted from 0: "
            "a generator whose training has diverged, or a damaged photo, gives such features.",
        ),
    ],
)
def test_features_that_cannot_be_summed_are_refused(batches, text):
    with pytest.raises(BadOption, match=f"^{re.escape(text)}$"):
        feature_sums(batches)


def test_one_picture_has_no_covariance():
    text = "a covariance of 1 pictures or photos; expected 2 or more. Take many more than there are features."
    with pytest.raises(BadOption, match=f"^{re.escape(text)}$"):
        feature_sums([np.zeros((1, 3))]).gaussian()


def test_gaussians_of_different_width_are_refused():
    text = (
        "pictures have 3 features each, photos 2; expected as many for both. "
        "Compute both with the same feature network."
    )
    with pytest.raises(BadOption, match=f"^{re.escape(text)}$"):
        frechet_distance(Gaussian(np.zeros(2), np.eye(2)), Gaussian(np.zeros(3), np.eye(3)))


@pytest.mark.parametrize(
    ("mean", "covariance", "text"),
    [
        (np.zeros(2), np.eye(3), "a mean of shape [2], a covariance of [3, 3]; expected [d] and [d, d]."),
        (
            np.zeros(2),
            np.full((2, 2), np.nan),
            "a mean or covariance with NaN or infinity; expected finite numbers.",
        ),
    ],
)
def test_a_gaussian_that_contradicts_itself_is_refused(mean, covariance, text):
    with pytest.raises(BadOption, match=f"^{re.escape(text)}$"):
        Gaussian(mean, covariance)
