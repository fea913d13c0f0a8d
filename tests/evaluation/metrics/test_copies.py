from __future__ import annotations

import re
from math import dist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from partly.errors import BadOption
from partly.evaluation.metrics import feature_sets as features
from partly.evaluation.metrics.memorised_photos import find_memorised
from partly.evaluation.metrics.neighbours import nearest, nearest_other

GRID = st.integers(-2, 2).map(float)
POINTS = hnp.arrays(np.float64, st.tuples(st.integers(2, 9), st.just(2)), elements=GRID)


def normal(n, seed, width=16):
    return np.random.default_rng(seed).normal(size=(n, width)).astype(np.float32)


def naive_nearest(point, others):
    """The first of the nearest, and its distance."""
    return min(((dist(point, other), j) for j, other in others), default=None)


@settings(deadline=None)
@given(POINTS, POINTS, st.sampled_from([1, 2, 4, 100]))
def test_the_first_of_the_nearest_is_found_in_any_blocks(points, others, block_rows):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "_BLOCK_ROWS", block_rows)
        found, among = nearest(points, others), nearest_other(points)
    for i, point in enumerate(points):
        distance, j = naive_nearest(point, list(enumerate(others)))
        assert (found.indexes[i], found.distances[i]) == (j, pytest.approx(distance))
        rest = [(j, other) for j, other in enumerate(points) if j != i]
        distance, j = naive_nearest(point, rest)
        assert (among.indexes[i], among.distances[i]) == (j, pytest.approx(distance))


def test_copies_are_found_where_they_were_planted():
    photos, pictures = normal(400, 0), normal(100, 1)
    pictures[17] = photos[33]
    pictures[5] = photos[8] + 0.01
    found = find_memorised(pictures, photos, quantile=0.001)
    assert found.suspects.tolist() == [17, 5]
    assert (found.nearest[17], found.nearest[5]) == (33, 8)
    assert found.distances[17] == 0
    assert found.distances[5] == pytest.approx(0.01 * 16**0.5, rel=1e-3)
    assert found.share == 0.02


def test_new_pictures_are_suspected_as_often_as_new_photos():
    found = find_memorised(normal(2000, 1, 4), normal(500, 0, 4), held_out=normal(2000, 2, 4), quantile=0.1)
    assert found.share == pytest.approx(0.1, abs=0.03)
    found = find_memorised(normal(2000, 1, 4), normal(500, 0, 4), quantile=0.1)
    assert found.share == pytest.approx(0.1, abs=0.05)


def test_held_out_photos_set_the_threshold():
    photos = np.array([[0.0], [100.0]])
    held_out = np.array([[1.0], [2.0], [3.0], [104.0], [105.0]])
    pictures = np.array([[1.9], [100.5], [50.0]])
    found = find_memorised(pictures, photos, held_out=held_out, quantile=0.25)
    assert found.usual == pytest.approx([1, 2, 3, 4, 5])
    assert found.threshold == pytest.approx(2)
    assert found.suspects.tolist() == [1, 0]
    # Among themselves the photos lie 100 apart, and all pictures closer.
    assert find_memorised(pictures, photos).share == 1


def test_photos_that_are_in_the_set_twice_do_not_hide_copies():
    photos = normal(200, 0)
    photos = np.concatenate([photos, photos[:100] + 1e-6])
    pictures = normal(50, 1)
    pictures[3] = photos[3]
    found = find_memorised(pictures, photos)
    assert len(found.usual) == 100
    assert found.usual.min() > 1
    assert 3 in found.suspects
    assert found.share < 0.2


def test_where_all_photos_are_one_only_its_copies_are_suspected():
    photos = np.ones((5, 3))
    pictures = np.array([[1.0, 1, 1], [1, 1, 1.001]])
    found = find_memorised(pictures, photos)
    assert found.usual.size == 0
    assert found.suspects.tolist() == [0]


def test_nothing_is_suspected_far_from_all_photos():
    found = find_memorised(normal(10, 1) + 100, normal(50, 0))
    assert found.suspects.tolist() == []
    assert found.share == 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"photos": np.zeros((1, 2))},
            "there are 1 photos; expected 2 or more, to see how far apart they lie. Take more photos.",
        ),
        ({"pictures": np.zeros((0, 2))}, "there are 0 pictures; expected 1 or more. Take more pictures."),
        (
            {"held_out": np.zeros((0, 2))},
            "there are 0 held-out photos; expected 1 or more. Take more held-out photos.",
        ),
        (
            {"held_out": np.zeros((3, 4))},
            "pictures have 2 features each, held-out photos 4; expected as many for both. "
            "Compute both with the same feature network.",
        ),
        (
            {"photos": np.zeros((3, 4))},
            "pictures have 2 features each, photos 4; expected as many for both. "
            "Compute both with the same feature network.",
        ),
        ({"quantile": 0}, "quantile is 0; expected above 0 and below 1."),
        ({"quantile": 1.0}, "quantile is 1.0; expected above 0 and below 1."),
        (
            {"held_out": np.array([[0.0, np.nan]])},
            "the features of 1 of 1 held-out photos are NaN or infinite; expected finite numbers. "
            "Look at number 0, counted from 0: "
            "a generator whose training has diverged, or a damaged photo, gives such features.",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(arguments, text):
    with pytest.raises(BadOption, match=f"^{re.escape(text)}$"):
        find_memorised(**{"pictures": np.zeros((3, 2)), "photos": np.zeros((3, 2)), **arguments})
