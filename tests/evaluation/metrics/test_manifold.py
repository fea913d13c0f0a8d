from __future__ import annotations

import re
from math import dist

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from partly.errors import BadOption
from partly.evaluation.metrics import feature_sets as features
from partly.evaluation.metrics.manifold import expected_coverage, manifold_scores, realism

# On a grid, many points are duplicates, and many distances are ties.
GRID = st.integers(-2, 2).map(float)
POINTS = hnp.arrays(np.float64, st.tuples(st.integers(4, 9), st.just(2)), elements=GRID)


def naive_balls(points, k):
    """Centre and radius of the ball around every point as far as its k-th nearest other."""
    balls = []
    for i, centre in enumerate(points):
        others = sorted(dist(centre, other) for j, other in enumerate(points) if j != i)
        balls.append((centre, others[k - 1]))
    return balls


def naive_scores(photos, pictures, k_precision, k_density):
    def inside(point, ball):
        return dist(point, ball[0]) <= ball[1]

    photo_balls, picture_balls = naive_balls(photos, k_precision), naive_balls(pictures, k_precision)
    density_balls = naive_balls(photos, k_density)
    precise = {i for i, picture in enumerate(pictures) if any(inside(picture, ball) for ball in photo_balls)}
    recalled = {i for i, photo in enumerate(photos) if any(inside(photo, ball) for ball in picture_balls)}
    pairs = {
        (i, j) for i, ball in enumerate(density_balls) for j, y in enumerate(pictures) if inside(y, ball)
    }
    return (
        len(precise) / len(pictures),
        len(recalled) / len(photos),
        len(pairs) / (k_density * len(pictures)),
        len({i for i, _ in pairs}) / len(photos),
    )


def figures(scores):
    return scores.precision, scores.recall, scores.density, scores.coverage


@settings(deadline=None)
@given(POINTS, POINTS, st.integers(1, 3), st.integers(1, 3))
def test_figures_are_those_of_the_definitions_with_ties_and_duplicates(
    photos, pictures, k_precision, k_density
):
    found = manifold_scores(photos, pictures, k_precision=k_precision, k_density=k_density)
    assert figures(found) == pytest.approx(naive_scores(photos, pictures, k_precision, k_density))


@settings(deadline=None, max_examples=30)
@given(POINTS, POINTS, hnp.arrays(np.float64, 2, elements=st.floats(-1, 1)), st.floats(1e-3, 1e3))
def test_neither_the_origin_nor_the_unit_of_features_matters(photos, pictures, shift, unit):
    # Moved points are not quite on a grid; ties must still be ties.
    moved = [(points / 3 + shift) * unit for points in (photos, pictures)]
    assert figures(manifold_scores(*moved, k_density=2)) == figures(
        manifold_scores(photos, pictures, k_density=2)
    )


@pytest.mark.parametrize("block_rows", [1, 3, 7, 1000])
def test_blocks_do_not_matter(monkeypatch, block_rows):
    draws = np.random.default_rng(0)
    photos, pictures = draws.normal(size=(22, 3)), draws.normal(0.5, 1, size=(15, 3))
    expected = naive_scores(photos, pictures, 3, 5)
    monkeypatch.setattr(features, "_BLOCK_ROWS", block_rows)
    assert figures(manifold_scores(photos, pictures)) == pytest.approx(expected)


def test_pictures_that_are_the_photos_have_every_figure_full():
    """Also in many dimensions and single precision, where rounding would put a photo outside its own ball."""
    photos = np.random.default_rng(0).gamma(0.5, 1, size=(60, 512)).astype(np.float32)
    photos = np.concatenate([photos, photos[:20], photos[:20], photos[:20]])
    found = manifold_scores(photos, photos[::-1], k_precision=3, k_density=3)
    assert (found.precision, found.recall, found.coverage) == (1, 1, 1)
    # A ball holds its centre and three others, and more where the third is one of several duplicates.
    assert found.density >= 4 / 3


def test_balls_of_duplicates_hold_their_duplicates_and_nothing_else():
    photos = np.tile(np.random.default_rng(0).normal(size=300), (4, 1))
    near = photos + 1e-4
    assert figures(manifold_scores(photos, photos, k_density=3)) == (1, 1, 4 / 3, 1)
    assert figures(manifold_scores(photos, near, k_density=3)) == (0, 0, 0, 0)


def test_density_of_equal_distributions_is_one_and_coverage_as_expected():
    draws = np.random.default_rng(0)
    found = [manifold_scores(draws.normal(size=(40, 2)), draws.normal(size=(25, 2))) for _ in range(150)]
    densities = np.array([one.density for one in found])
    coverages = np.array([one.coverage for one in found])
    n = len(found) ** 0.5
    assert abs(densities.mean() - 1) < 3 * densities.std() / n < 0.1
    assert abs(coverages.mean() - expected_coverage(40, 25)) < 3 * coverages.std() / n < 0.05


def test_expected_coverage_has_its_closed_form_and_its_limit():
    assert expected_coverage(3, 2, 1) == pytest.approx(1 - 2 / 4)
    assert expected_coverage(3, 2, 2) == pytest.approx(1 - (2 * 1) / (4 * 3))
    assert expected_coverage(10**6, 10**6, 5) == pytest.approx(1 - 2**-5, abs=1e-5)


def test_a_collapsed_generator_has_precision_but_neither_recall_nor_coverage():
    draws = np.random.default_rng(0)
    modes = np.array([[0.0, 0], [50, 0], [0, 50], [50, 50]])
    photos = np.concatenate([draws.normal(mode, 1, size=(50, 2)) for mode in modes])
    whole = np.concatenate([draws.normal(mode, 1, size=(50, 2)) for mode in modes])
    collapsed = draws.normal(modes[0], 1, size=(200, 2))
    good, bad = manifold_scores(photos, whole), manifold_scores(photos, collapsed)
    assert min(good.precision, good.recall, good.coverage) > 0.85
    assert bad.precision > 0.85
    assert bad.density == pytest.approx(1, abs=0.3)
    assert max(bad.recall, bad.coverage) <= 0.25


def test_pictures_of_something_else_have_no_figure():
    draws = np.random.default_rng(0)
    assert figures(manifold_scores(draws.normal(size=(30, 2)), draws.normal(90, 1, size=(30, 2)))) == (
        0,
        0,
        0,
        0,
    )


def test_one_photo_far_away_feigns_precision_but_hardly_density_and_coverage():
    draws = np.random.default_rng(0)
    photos = np.concatenate([draws.normal(size=(99, 2)), [[1000.0, 0]]])
    pictures = draws.normal([500, 0], 1, size=(100, 2))
    found = manifold_scores(photos, pictures)
    assert found.precision == 1
    assert found.density == pytest.approx(1 / 5)
    assert found.coverage == pytest.approx(1 / 100)


def test_one_picture_far_away_feigns_recall_but_not_coverage():
    draws = np.random.default_rng(0)
    photos = draws.normal(size=(100, 2))
    pictures = np.concatenate([np.tile(photos[:1], (99, 1)), [[1000.0, 0]]])
    found = manifold_scores(photos, pictures)
    # Half the photos lie nearer to the outlier than the collapsed pictures do.
    assert found.recall > 0.3
    assert found.coverage < 0.2


@pytest.mark.parametrize(
    ("photos", "pictures", "options", "text"),
    [
        (
            np.zeros((5, 2)),
            np.zeros((9, 2)),
            {},
            "there are 5 photos; expected 6 or more, one more than k, which is 5. Take more photos.",
        ),
        (
            np.zeros((9, 2)),
            np.zeros((3, 2)),
            {},
            "there are 3 pictures; expected 4 or more, one more than k, which is 3. Take more pictures.",
        ),
        (np.zeros((9, 2)), np.zeros((9, 2)), {"k_precision": 0}, "k_precision is 0; expected 1 or more."),
        (np.zeros((9, 2)), np.zeros((9, 2)), {"k_density": -1}, "k_density is -1; expected 1 or more."),
        (
            np.zeros((9, 2)),
            np.zeros((9, 3)),
            {},
            "pictures have 3 features each, photos 2; expected as many for both. "
            "Compute both with the same feature network.",
        ),
        (
            np.zeros((9, 2)),
            np.full((9, 2), np.inf),
            {},
            "the features of 9 of 9 pictures are NaN or infinite; expected finite numbers. "
            "Look at number 0, counted from 0: "
            "a generator whose training has diverged, or a damaged photo, gives such features.",
        ),
        (
            np.zeros((9, 2)),
            np.zeros((9, 0)),
            {},
            "the features of the pictures have shape [9, 0]; "
            "expected [n, d], a row of one number or more for each.",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(photos, pictures, options, text):
    with pytest.raises(BadOption, match=f"^{re.escape(text)}$"):
        manifold_scores(photos, pictures, **options)


@given(POINTS, POINTS)
@settings(max_examples=40, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_realism_is_as_in_its_paper(photos, pictures):
    radii = [radius for _, radius in naive_balls(photos, 2)]
    most = np.median(radii) + 1e-6
    dense = [(centre, radius) for centre, radius in naive_balls(photos, 2) if radius <= most]
    found = realism(photos, pictures, k=2)
    for picture, real in zip(pictures, found, strict=True):
        away = [(dist(picture, centre), radius) for centre, radius in dense]
        if any(distance == 0 for distance, _ in away):
            assert real >= 1
        elif all(distance > 0 for distance, _ in away):
            assert real == pytest.approx(max(radius / distance for distance, radius in away), abs=1e-6)


def test_realism_falls_with_the_distance_and_needs_photos():
    photos = np.random.default_rng(0).normal(size=(200, 3))
    far = realism(photos, np.array([[0.0, 0, 0], [3, 3, 3], [30, 30, 30]]))
    assert far[0] > 1 > far[1] > far[2] > 0
    with pytest.raises(BadOption, match="there are 3 photos"):
        realism(photos[:3], photos)
