"""How much of the pictures lies among the photos, and how much of the photos among the pictures.

Each set of features stands for the region that its balls cover: around every row, as far as its ``k``-th
nearest other row of the set. Precision and density say how good pictures are; recall and coverage how many of
the kinds of photos there are among them, and are low where a generator has collapsed to a few.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from partly.errors import BadOption
from partly.evaluation.metrics.feature_sets import Features, check_features, check_same_width
from partly.evaluation.metrics.neighbours import Numbers, distance_blocks, neighbour_squares

_TIE = 1e-9  # radii that differ by less are equal


@dataclass(frozen=True)
class ManifoldScores:
    """The figures of pictures beside photos; all but density in [0, 1].

    Precision and recall are those of Kynkäänniemi et al. (NeurIPS 2019, equations 1 and 2), density and
    coverage those of Naeem et al. (ICML 2020, section 3).

    Attributes:
        precision: share of the pictures that lie in the ball of any photo. One photo far from all others has
            a huge ball, and pictures of nothing can lie in it.
        recall: share of the photos that lie in the ball of any picture; likewise too high with one picture
            far from all others.
        density: in how many balls of photos a picture lies, on average, divided by ``k``; its expectation is
            1 for pictures that are as photos, and it can be more. Among hundreds of features it varies by
            tenths: a few pictures near the middle of all lie in a large part of the balls.
        coverage: share of the photos in whose ball any picture lies; see :func:`expected_coverage`.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def manifold_scores(
    photos: Features, pictures: Features, *, k_precision: int = 3, k_density: int = 5
) -> ManifoldScores:
    """Precision, recall, density and coverage in one go.

    Balls are closed: what lies on their border is in them, as is a duplicate of their centre. Memory does not
    grow with the product of the numbers of pictures and photos, time does. All but density change with the
    numbers of pictures and photos, so only figures of the same numbers may be compared.

    Args:
        photos: ``[n, d]``.
        pictures: ``[m, d]``.
        k_precision: ``k`` of precision and recall; 3 in their paper.
        k_density: ``k`` of density and coverage; 5 in their paper.

    Raises:
        BadOption: a ``k`` is below 1, there are not more photos than ``k`` or pictures than ``k_precision``,
            or features are NaN or of different width.
    """
    _check_photos(photos, k_precision=k_precision, k_density=k_density)
    reason = f"one more than k, which is {k_precision}"
    check_features(pictures, "pictures", least=k_precision + 1, reason=reason)
    check_same_width(pictures.shape[1], photos.shape[1])
    photo_squares = neighbour_squares(photos, max(k_precision, k_density))
    return _scores(
        photos,
        pictures,
        photo_balls=photo_squares[:, k_precision - 1],
        picture_balls=neighbour_squares(pictures, k_precision)[:, -1],
        density_balls=photo_squares[:, k_density - 1],
        k_density=k_density,
    )


def realism(photos: Features, pictures: Features, *, k: int = 3) -> Numbers:
    """How real each picture looks (Kynkäänniemi et al., NeurIPS 2019, equation 3), ``float64 [m]``.

    The largest ratio, over the photos, of the radius of a photo's ball to the picture's distance from it: 1
    or more where the picture lies in a ball. Photos whose radius is above the median are passed over, as in
    the paper, since the huge balls of unusual photos hold anything.

    Args:
        photos: ``[n, d]``.
        pictures: ``[m, d]``.
        k: the photo among whose neighbours the ball reaches.

    Raises:
        BadOption: as :func:`manifold_scores`.
    """
    _check_photos(photos, k=k)
    check_features(pictures, "pictures")
    check_same_width(pictures.shape[1], photos.shape[1])
    balls = neighbour_squares(photos, k)[:, -1]
    dense = balls <= np.median(balls) * (1 + _TIE)
    found = np.zeros(len(pictures))
    for block in distance_blocks(pictures, photos[dense]):
        # What may be an error of rounding is none: a duplicate of a photo lies in its ball.
        slack = block.slack + np.finfo(np.float64).tiny
        squares = np.maximum(block.squares - slack, 0) + slack
        ratios = (balls[dense][None, block.columns] + slack) / squares
        found[block.rows] = np.maximum(found[block.rows], ratios.max(axis=1))
    return np.sqrt(found)


def _scores(
    photos: Features,
    pictures: Features,
    *,
    photo_balls: Numbers,
    picture_balls: Numbers,
    density_balls: Numbers,
    k_density: int,
) -> ManifoldScores:
    """Count what lies in which balls, whose squared radii are given."""
    precise, recalled = np.zeros(len(pictures), np.bool_), np.zeros(len(photos), np.bool_)
    covered, n_inside = np.zeros(len(photos), np.bool_), 0
    for block in distance_blocks(pictures, photos):
        some_pictures, some_photos = block.rows, block.columns
        precise[some_pictures] |= block.within(photo_balls[None, some_photos]).any(axis=1)
        recalled[some_photos] |= block.within(picture_balls[some_pictures, None]).any(axis=0)
        inside = block.within(density_balls[None, some_photos])
        covered[some_photos] |= inside.any(axis=0)
        n_inside += int(np.count_nonzero(inside))
    return ManifoldScores(
        precision=float(precise.mean()),
        recall=float(recalled.mean()),
        density=n_inside / (k_density * len(pictures)),
        coverage=float(covered.mean()),
    )


def expected_coverage(n_photos: int, n_pictures: int, k: int = 5) -> float:
    """Coverage to expect of pictures that are as photos: what a perfect generator would reach.

    A photo is not covered where its ``k`` nearest among all other photos and all pictures are photos:
    ``1 - (n - 1) ... (n - k) / ((n + m - 1) ... (n + m - k))`` (Naeem et al., ICML 2020, section 3).

    Args:
        n_photos: ``n``, above ``k``.
        n_pictures: ``m``.
        k: as in :func:`manifold_scores`.
    """
    nearer = np.arange(1, k + 1)
    return 1 - float(np.prod((n_photos - nearer) / (n_photos + n_pictures - nearer)))


def _check_photos(photos: Features, **ks: int) -> None:
    for name, k in ks.items():
        if k < 1:
            raise BadOption(f"{name} is {k}", expected="1 or more")
    most = max(ks.values())
    check_features(photos, "photos", least=most + 1, reason=f"one more than k, which is {most}")
