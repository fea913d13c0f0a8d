from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from partly.data.labels import intersection_over_union as iou
from partly.data.labels.intersection_over_union import (
    confusion_matrix,
    mean_iou,
    part_iou,
    photo_iou,
    pixel_accuracy,
)
from partly.errors import BadLabel

K = 4


@st.composite
def photos(draw):
    """One to four photos of different sizes: truth with some pixels left out, prediction."""
    pairs = []
    for _ in range(draw(st.integers(1, 4))):
        shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
        truth = draw(hnp.arrays(np.uint8, shape, elements=st.sampled_from([0, 1, 2, 3, 255])))
        prediction = draw(hnp.arrays(np.uint8, shape, elements=st.integers(0, K - 1)))
        pairs.append((truth, prediction))
    return pairs


def naive_counts(truth, prediction):
    matrix = np.zeros((K, K), np.int64)
    for t, p in zip(truth.flat, prediction.flat, strict=True):
        if t != 255:
            matrix[t, p] += 1
    return matrix


def naive_sets(pairs, part):
    """Intersection and union of one part over photos, as sets of pixels."""
    true, predicted = set(), set()
    for n, (truth, prediction) in enumerate(pairs):
        for place in np.ndindex(truth.shape):
            if truth[place] == 255:
                continue
            if truth[place] == part:
                true.add((n, place))
            if prediction[place] == part:
                predicted.add((n, place))
    return len(true & predicted), len(true | predicted), len(true)


def naive_mean(values):
    return sum(values) / len(values) if values else math.nan


def same(one, other):
    return (math.isnan(one) and math.isnan(other)) or one == pytest.approx(other)


@settings(deadline=None)
@given(photos())
def test_confusion_matrix_is_what_a_loop_counts(pairs):
    for truth, prediction in pairs:
        np.testing.assert_array_equal(confusion_matrix(truth, prediction, K), naive_counts(truth, prediction))


@settings(deadline=None)
@given(photos())
def test_both_means_are_what_sets_of_pixels_give(pairs):
    found = mean_iou(confusion_matrix(truth, prediction, K) for truth, prediction in pairs)

    pooled = []
    for part in range(K):
        intersection, union, _ = naive_sets(pairs, part)
        if union:
            pooled.append(intersection / union)
    per_photo = []
    for pair in pairs:
        parts = [naive_sets([pair], part) for part in range(K)]
        ious = [intersection / union for intersection, union, n_true in parts if n_true]
        if ious:
            per_photo.append(naive_mean(ious))

    assert same(found.pooled, naive_mean(pooled))
    assert same(found.per_photo, naive_mean(per_photo))


@settings(deadline=None)
@given(photos())
def test_matrices_of_photos_add_up(pairs):
    together = [np.concatenate([pair[side].ravel() for pair in pairs]) for side in (0, 1)]
    total = sum(confusion_matrix(truth, prediction, K) for truth, prediction in pairs)
    np.testing.assert_array_equal(total, confusion_matrix(*together, K))


@settings(deadline=None)
@given(photos())
def test_iou_lies_between_0_and_1_and_is_1_for_the_truth_itself(pairs):
    for truth, prediction in pairs:
        known = part_iou(confusion_matrix(truth, prediction, K))
        assert np.all(np.isnan(known) | ((known >= 0) & (known <= 1)))
        itself = part_iou(confusion_matrix(truth, np.where(truth == 255, 0, truth), K))
        assert set(itself[~np.isnan(itself)]) <= {1.0}


def test_iou_of_two_overlapping_squares_has_its_closed_form():
    truth, prediction = np.zeros((2, 20, 20), np.uint8)
    truth[0:10, 0:10] = 1
    prediction[5:15, 0:10] = 1
    matrix = confusion_matrix(truth, prediction, 2)
    assert part_iou(matrix) == pytest.approx([250 / 350, 50 / 150])
    assert pixel_accuracy(matrix) == pytest.approx(300 / 400)


def test_a_part_that_is_only_predicted_counts_in_the_pooled_mean_but_not_for_the_photo():
    matrix = confusion_matrix(np.array([0, 0, 0, 0]), np.array([0, 0, 0, 1]), 3)
    np.testing.assert_array_equal(part_iou(matrix), [0.75, 0.0, np.nan])
    np.testing.assert_array_equal(photo_iou(matrix), [0.75, np.nan, np.nan])
    assert mean_iou([matrix]).pooled == pytest.approx(0.375)
    assert mean_iou([matrix]).per_photo == pytest.approx(0.75)


def test_big_and_small_photos_weigh_alike_per_photo_but_not_pooled():
    right = confusion_matrix(np.zeros(90, np.uint8), np.zeros(90, np.uint8), 2)
    wrong = confusion_matrix(np.zeros(10, np.uint8), np.ones(10, np.uint8), 2)
    found = mean_iou([right, wrong])
    assert found.pooled == pytest.approx((0.9 + 0.0) / 2)
    assert found.per_photo == pytest.approx((1.0 + 0.0) / 2)


def test_a_photo_without_truth_is_left_out_of_both_means():
    empty = confusion_matrix(np.full(5, 255), np.zeros(5, int), 2)
    right = confusion_matrix(np.zeros(5, int), np.zeros(5, int), 2)
    assert mean_iou([right, empty]) == mean_iou([right])
    assert math.isnan(pixel_accuracy(empty))


def test_nothing_has_no_mean():
    assert math.isnan(mean_iou([]).pooled)
    assert math.isnan(mean_iou([]).per_photo)


def test_huge_photos_are_counted_in_pieces(monkeypatch):
    rng = np.random.default_rng(0)
    truth, prediction = rng.integers(0, K, (2, 13, 17)).astype(np.uint8)
    whole = confusion_matrix(truth, prediction, K)
    monkeypatch.setattr(iou, "_CHUNK_PIXELS", 10)
    np.testing.assert_array_equal(confusion_matrix(truth, prediction, K), whole)


def test_another_id_may_be_left_out():
    matrix = confusion_matrix(np.array([0, 9, 1]), np.array([0, 0, 1]), 2, ignored=9)
    np.testing.assert_array_equal(matrix, [[1, 0], [0, 1]])


def test_shapes_must_agree():
    with pytest.raises(
        BadLabel, match=r"the prediction has shape \(2, 3\); expected the truth's shape \(3, 2\)"
    ):
        confusion_matrix(np.zeros((3, 2), np.uint8), np.zeros((2, 3), np.uint8), 2)


@pytest.mark.parametrize("role", ["truth", "prediction"])
def test_unknown_ids_are_listed(role):
    maps = {"truth": np.array([0, 1]), "prediction": np.array([0, 1])}
    maps[role] = np.array([7, -1])
    with pytest.raises(
        BadLabel, match=rf"the {role} has unknown part ids \[-1, 7\]; expected ids from 0 to 1"
    ):
        confusion_matrix(maps["truth"], maps["prediction"], 2)
