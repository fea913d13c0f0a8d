"""How pictures of a generator differ from photos, cell by cell: a chosen kernel, a test, a map of weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from partly.data.photos import PhotoSet
from partly.errors import BadOption
from partly.evaluation.generators.chosen_kernel import chosen_weights, gaussian_kernel, median_distance
from partly.evaluation.generators.feature_rows import chosen_by_chance
from partly.evaluation.generators.picture_bytes import Pixels, make_pictures
from partly.evaluation.metrics.difference_scores import Differences
from partly.evaluation.metrics.mean_discrepancies import mean_discrepancy
from partly.evaluation.metrics.permutation_test import permutation_p
from partly.machine import Machine
from partly.models.generators import Generator
from partly.storage import shuffle_stream

LEAST_TESTED = 40
"""Pictures, and photos, of which a test by halves is made at the least."""
_CELLS, _MOST = 16, 1000
_N_SHOWN = 8
OnProgress = Callable[[int, int], None]


def what_differs(
    generator: Generator,
    photos: PhotoSet,
    seed: int = 0,
    n_most: int = _MOST,
    *,
    machine: Machine | None = None,
    on_progress: OnProgress | None = None,
) -> Differences:
    """Compare as many pictures as photos, in 16 x 16 grey cells.

    A kernel with a weight for each cell is chosen on one half by the maximum of the t statistic (Sutherland
    et al., ICLR 2017), and tested on the other half by permutation: what chose the kernel does not test it.

    Args:
        generator: makes pictures of the photos' size, not truncated.
        photos: best some that the generator was not trained on.
        seed: of the pictures, the photos that are taken, and the permutations.
        n_most: pictures, and photos, at most.
        machine: where the generator is; None: found out, and float32.
        on_progress: told how many pictures are made, and of how many.

    Raises:
        BadOption: there are fewer than 40 photos.
        TrainingDiverged: pictures are NaN.
    """
    n = min(n_most, len(photos)) // 2 * 2
    if n < LEAST_TESTED:
        raise BadOption(
            f"there are {len(photos)} photos to tell pictures from",
            expected=f"{LEAST_TESTED} or more, half of which choose a kernel, and half test it",
            remedy="Give more photos, or leave out --what-differs",
        )
    of_photos = np.array(photos.squares[chosen_by_chance(len(photos), n, seed)])
    made: list[Pixels] = []
    for some in make_pictures(generator, seed, range(n), machine):
        made += list(some)
        if on_progress:
            on_progress(len(made), n)
    return differences_of(of_photos, np.stack(made), seed)


def differences_of(photos: Pixels, pictures: Pixels, seed: int = 0) -> Differences:
    """The same of photos and pictures that are there: uint8 ``[n, s, s, 3]``, equally many, ``n`` even."""
    x, y = _cells(photos), _cells(pictures)
    order = shuffle_stream("halves of a test", seed).permutation(len(x))
    choosing, testing = order[::2], order[1::2]
    weights = chosen_weights(x[choosing], y[choosing])
    plain = np.full_like(weights, 1 / median_distance(np.concatenate([x[choosing], y[choosing]])))
    (p, t, witness), (plain_p, plain_t, _) = (
        _tested(x[testing] * w, y[testing] * w, seed) for w in (weights, plain)
    )
    n = len(testing)
    side = round(x.shape[1] ** 0.5)
    oddest, missed = np.argsort(witness[n:])[:_N_SHOWN], np.argsort(-witness[:n])[:_N_SHOWN]
    grid = (weights / weights.max()).reshape(side, side)
    return Differences(
        p=p,
        t_statistic=t,
        plain_p=plain_p,
        plain_t_statistic=plain_t,
        n_tested=n,
        weights=grid,
        mean_photo=_grey(photos.mean(axis=(0, 3))),
        mean_picture=_grey(pictures.mean(axis=(0, 3))),
        oddest_pictures=tuple(pictures[testing[row]] for row in oddest),
        missed_photos=tuple(photos[testing[row]] for row in missed),
    )


def _tested(
    x: NDArray[np.float64], y: NDArray[np.float64], seed: int
) -> tuple[float, float, NDArray[np.float64]]:
    """``p``, t statistic, and how much more like photos than like pictures each row is, photos first."""
    both = torch.from_numpy(np.concatenate([x, y]))
    values, n = gaussian_kernel(both, both).numpy(), len(x)
    found = mean_discrepancy(values[:n, :n], values[n:, n:], values[:n, n:])
    witness = values[:, :n].mean(axis=1) - values[:, n:].mean(axis=1)
    return permutation_p(values, n, seed=seed), found.t_statistic, witness


def _cells(pixels: Pixels) -> NDArray[np.float64]:
    """Grey values in [0, 1] of 16 x 16 cells, or of the pixels where these are fewer: ``[n, cells]``."""
    grey = torch.from_numpy(pixels.mean(axis=3, dtype=np.float32) / 255)
    side = min(_CELLS, grey.shape[1])
    return F.adaptive_avg_pool2d(grey[:, None], side).flatten(1).double().numpy()


def _grey(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    return values.round().astype(np.uint8)
