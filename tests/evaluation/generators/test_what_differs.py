"""A chosen kernel finds what differs, and where; a test by permutation errs as often as it says."""

from itertools import combinations

import numpy as np
import pytest
import torch

from partly.data.photos.photo_sets import PhotoSet
from partly.errors import BadOption
from partly.evaluation.generators.chosen_kernel import chosen_weights, gaussian_kernel, median_distance
from partly.evaluation.generators.differences_shown import differences_of, what_differs
from partly.evaluation.metrics.kernel_distances import cubic_kernel
from partly.evaluation.metrics.mean_discrepancies import mean_discrepancy
from partly.evaluation.metrics.permutation_test import permutation_p


def test_p_of_a_permutation_test_is_that_of_all_permutations():
    draws = np.random.default_rng(0)
    rows = np.concatenate([draws.normal(size=(4, 1)), draws.normal(2, 1, size=(4, 1))])
    values = cubic_kernel(rows, rows)
    found = []

    for some in combinations(range(8), 4):
        others = [i for i in range(8) if i not in some]
        parts = (values[np.ix_(a, b)] for a, b in ((some, some), (others, others), (some, others)))
        found.append(mean_discrepancy(*parts).squared)
    wanted = np.mean(np.array(found) >= found[0] - 1e-12)
    assert permutation_p(values, 4, 4000) == pytest.approx(wanted, abs=0.02)


def test_p_is_even_where_nothing_differs():
    draws = np.random.default_rng(1)
    found = []
    for _ in range(200):
        rows = draws.normal(size=(40, 2))
        found.append(permutation_p(cubic_kernel(rows, rows), 20, 99))
    assert np.mean(np.array(found) <= 0.05) <= 0.1
    assert np.mean(found) == pytest.approx(0.5, abs=0.07)


def samples(seed, n=300, d=20):
    """Normal rows; of the second sample, the fourth value varies more."""
    draws = np.random.default_rng(seed)
    x, y = draws.normal(size=(n, d)), draws.normal(size=(n, d))
    y[:, 3] *= 1.8
    return x, y


def p_with(x, y, weights):

    rows = torch.from_numpy(np.concatenate([x, y]) * weights)
    return permutation_p(gaussian_kernel(rows, rows).numpy(), len(x), 199)


def test_a_chosen_kernel_weighs_what_differs_and_finds_it_where_a_plain_one_does_not():
    chosen, plain, places = [], [], []
    for seed in range(2):
        x, y = samples(seed)
        weights = chosen_weights(x, y, 60)
        places.append(weights.argmax())
        other_x, other_y = samples(100 + seed)
        chosen.append(p_with(other_x, other_y, weights))
        plain.append(p_with(other_x, other_y, 1 / median_distance(np.concatenate([x, y]))))
    assert places == [3] * 2
    assert max(chosen) < 0.05
    assert np.mean(plain) > 0.1


def photos_and_pictures(n=240, size_px=8):
    draws = np.random.default_rng(0)
    photos, pictures = (draws.integers(90, 166, (n, size_px, size_px, 3), dtype=np.uint8) for _ in "ab")
    # A corner of the pictures is either dark or light.
    pictures[::2, :2, :2] = 60
    pictures[1::2, :2, :2] = 196
    return photos, pictures


def test_a_map_shows_the_corner_that_differs():
    found = differences_of(*photos_and_pictures())
    assert found.p <= 0.01
    assert found.n_tested == 120
    assert found.weights.shape == (8, 8)
    corner = np.zeros((8, 8), bool)
    corner[:2, :2] = True
    assert found.weights[corner].mean() > 2 * found.weights[~corner].mean()
    assert corner[np.unravel_index(found.weights.argmax(), (8, 8))]
    assert found.t_statistic > found.plain_t_statistic
    assert len(found.oddest_pictures) == len(found.missed_photos) == 8
    assert all(abs(int(one[0, 0, 0]) - 128) == 68 for one in found.oddest_pictures)
    assert abs(found.mean_photo.astype(int) - 128).max() < 15
    told = found.to_json()
    assert set(told) == {"p", "t_statistic", "plain_p", "plain_t_statistic", "n_tested", "weights"}


def test_pictures_that_are_photos():
    photos, _ = photos_and_pictures(160)
    assert differences_of(photos[::2], photos[1::2]).p > 0.02


def test_too_few_photos():
    photos = PhotoSet(np.zeros((39, 8, 8, 3), np.uint8), tuple(str(i) for i in range(39)), (), "0")
    with pytest.raises(
        BadOption, match="there are 39 photos to tell pictures from; expected 40 or more, half"
    ):
        what_differs(None, photos)
