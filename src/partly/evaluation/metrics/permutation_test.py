"""A test of two samples by permutation, for any kernel (Gretton et al., JMLR 2012, section 5)."""

from __future__ import annotations

import numpy as np

from partly.evaluation.metrics.kernel_sums import Array
from partly.storage import shuffle_stream

_AT_ONCE = 64


def permutation_p(values: Array, n_first: int, n_permutations: int = 999, seed: int = 0) -> float:
    """How often samples that are divided anew, by chance, differ at least as much as they do.

    Args:
        values: the kernel within both samples together, ``[n, n]``, the first sample before the other.
        n_first: size of the first; both have two rows or more.
        n_permutations: how often they are divided anew.
        seed: of the permutations.

    Returns:
        ``(1 + number of those) / (1 + n_permutations)``: below 0.05 in at most one test of twenty where both
        samples are of one distribution, whatever it is.
    """
    n = len(values)
    off_diagonal = values - np.diag(np.diagonal(values))
    first = np.arange(n) < n_first
    observed = _mean_discrepancies(off_diagonal, first[None])[0]
    draws = shuffle_stream("permutations of a test", seed)
    n_above = 0
    for start in range(0, n_permutations, _AT_ONCE):
        n_now = min(_AT_ONCE, n_permutations - start)
        divided = np.stack([draws.permutation(first) for _ in range(n_now)])
        n_above += int((_mean_discrepancies(off_diagonal, divided) >= observed).sum())
    return (1 + n_above) / (1 + n_permutations)


def _mean_discrepancies(off_diagonal: Array, first: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> Array:
    """Unbiased estimates ``[k]`` of the squared maximum mean discrepancy, for ``k`` ways to divide the rows.

    Args:
        off_diagonal: kernel ``[n, n]`` with zeros on its diagonal.
        first: ``[k, n]``, which rows are the first sample.
    """
    one = first.astype(np.float64)
    sums, total = one @ off_diagonal, off_diagonal.sum()
    within = (sums * one).sum(axis=1)
    across = sums.sum(axis=1) - within
    others = total - within - 2 * across
    n = one.sum(axis=1)
    m = one.shape[1] - n
    return np.asarray(within / (n * (n - 1)) + others / (m * (m - 1)) - 2 * across / (n * m))
