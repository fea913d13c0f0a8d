"""Kernel distance of pictures and photos: squared maximum mean discrepancy of their features.

With the features of an Inception network it is known as KID (Bińkowski et al., ICLR 2018, section 4). Unlike
the Fréchet distance it is unbiased: its expectation does not depend on the number of pictures, it is 0 for
pictures that are as photos, and so a single estimate can be negative.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partly.errors import BadOption
from partly.evaluation.metrics.feature_sets import Features, check_features, check_same_width, double
from partly.storage import shuffle_stream

_LEAST = 4


@dataclass(frozen=True)
class KernelDistance:
    """An estimate over blocks.

    Attributes:
        mean: of the blocks' estimates; often given times 1000.
        standard_error: of the mean. No picture or photo is in two blocks, so their estimates are independent.
        n_blocks: 2 or more.
        block_size: pictures, and photos, in a block.
    """

    mean: float
    standard_error: float
    n_blocks: int
    block_size: int


def kernel_distance(
    photos: Features, pictures: Features, *, block_size: int = 1000, seed: int = 0
) -> KernelDistance:
    """Mean of :func:`mmd_squared` over disjoint blocks of shuffled pictures and photos.

    Args:
        photos: ``[n, d]``.
        pictures: ``[m, d]``.
        block_size: pictures, and photos, in a block; less is taken where there would not be two blocks.
            What does not fill a block, and photos beyond the number of pictures, are left out.
        seed: which pictures and photos meet in a block.

    Raises:
        BadOption: there are fewer than 4 photos or pictures, features are NaN or of different width, or
            ``block_size`` or ``seed`` is out of range.
    """
    _check_options(block_size, seed)
    check_features(photos, "photos", least=_LEAST, reason="two blocks of two")
    check_features(pictures, "pictures", least=_LEAST, reason="two blocks of two")
    check_same_width(pictures.shape[1], photos.shape[1])
    n_used = min(len(photos), len(pictures))
    size = min(block_size, n_used // 2)
    n_blocks = n_used // size
    draws = shuffle_stream("kernel distance", seed)
    photo_blocks = _blocks(len(photos), n_blocks, size, draws)
    picture_blocks = _blocks(len(pictures), n_blocks, size, draws)
    estimates = np.array(
        [
            mmd_squared(photos[some], pictures[others])
            for some, others in zip(photo_blocks, picture_blocks, strict=True)
        ]
    )
    error = float(estimates.std(ddof=1)) / n_blocks**0.5
    return KernelDistance(float(estimates.mean()), error, n_blocks, size)


def mmd_squared(ones: Features, others: Features) -> float:
    """Unbiased estimate of the squared maximum mean discrepancy (Gretton et al., JMLR 2012, equation 3).

    The mean of ``k(x_i, x_j)`` over ``i ≠ j``, plus the mean of ``k(y_i, y_j)`` over ``i ≠ j``, less twice
    the mean of all ``k(x_i, y_j)``; with ``k(x, y) = (xᵀy / d + 1)³`` (Bińkowski et al., section 4).

    Args:
        ones: ``[n, d]``, ``n`` 2 or more. All ``n²`` values of the kernel are held at once.
        others: ``[m, d]``, ``m`` 2 or more.
    """
    x, y = double(ones), double(others)
    between = cubic_kernel(x, y).mean()
    return float(_mean_of_pairs(cubic_kernel(x, x)) + _mean_of_pairs(cubic_kernel(y, y)) - 2 * between)


def cubic_kernel(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(xᵀy / d + 1)³`` of all pairs of rows ``[n, d]`` and ``[m, d]``: ``[n, m]``."""
    values = x @ y.T / x.shape[1] + 1
    return values * values * values


def _mean_of_pairs(values: NDArray[np.float64]) -> float:
    """Mean of ``[n, n]`` without the diagonal: a row's kernel with itself is what biases the estimate."""
    n = len(values)
    return float((values.sum() - np.trace(values)) / (n * (n - 1)))


def _blocks(n_rows: int, n_blocks: int, size: int, draws: np.random.Generator) -> NDArray[np.int64]:
    """Indexes of rows, ``[n_blocks, size]``, none of them twice."""
    return draws.permutation(n_rows)[: n_blocks * size].reshape(n_blocks, size)


def _check_options(block_size: int, seed: int) -> None:
    if block_size < 2:
        raise BadOption(f"block_size is {block_size}", expected="2 or more")
    if seed < 0:
        raise BadOption(f"seed is {seed}", expected="0 or more")
