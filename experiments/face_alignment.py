"""Coordinates aligned to the face: landmarks of a picture, and the affine map from a canonical face to it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from experiments.bisenet import LEFT_EYE, MOUTH, NOSE, RIGHT_EYE

Points = NDArray[np.float64]
_LEAST_PX = 8

# In units of the distance between the eyes, from the point between them: x to the right, y down. The mean of
# the unseen pictures, rounded.
CANONICAL_LANDMARKS: Points = np.array([[-0.5, 0.0], [0.5, 0.0], [0.0, 0.42], [0.0, 1.17]])
"""Where eyes (left and right in the picture), nose and mouth are in the canonical face, ``[4, 2]``."""


def landmarks(ids: NDArray[np.uint8]) -> Points | None:
    """Centres of left eye, right eye, nose and mouth in pixels, ``[4, 2]`` as x, y; None if one is missing.

    Args:
        ids: the parser's 19 ids ``[s, s]``.
    """
    centres = [_centre(np.isin(ids, which)) for which in (LEFT_EYE, RIGHT_EYE, NOSE, MOUTH)]
    if any(centre is None for centre in centres):
        return None
    points = np.array(centres)
    # Left is what is left in the picture, whatever the parser calls it.
    points[:2] = points[:2][points[:2, 0].argsort()]
    return points


def affine(source: Points, target: Points) -> Points:
    """The affine map ``[2, 3]`` that takes ``source [n, 2]`` to ``target [n, 2]`` with least squared error.

    Raises:
        ValueError: fewer than three points, or all on one line.
    """
    rows = np.concatenate([source, np.ones((len(source), 1))], axis=1)
    if np.linalg.matrix_rank(rows) < 3:
        raise ValueError("an affine map needs three points that lie on no line")
    solved = np.linalg.lstsq(rows, target, rcond=None)[0]
    return solved.T


def apply(matrix: Points, points: Points) -> Points:
    """Points ``[..., 2]`` taken by an affine map ``[2, 3]``."""
    return points @ matrix[:, :2].T + matrix[:, 2]


def aligned_coordinates(ids: NDArray[np.uint8]) -> Points | None:
    """Canonical x and y at the centre of each pixel, ``[s, s, 2]``; None where landmarks are missing."""
    found = landmarks(ids)
    if found is None:
        return None
    height, width = ids.shape
    rows, columns = np.mgrid[:height, :width]
    pixels = np.stack([columns + 0.5, rows + 0.5], axis=-1).astype(float)
    matrix = affine(CANONICAL_LANDMARKS, found)
    if abs(np.linalg.det(matrix[:, :2])) < 1:
        return None
    inverse = np.linalg.inv(matrix[:, :2])
    return (pixels - matrix[:, 2]) @ inverse.T


def _centre(mask: NDArray[np.bool_]) -> Points | None:
    rows, columns = np.nonzero(mask)
    if len(rows) < _LEAST_PX:
        return None
    return np.array([columns.mean() + 0.5, rows.mean() + 0.5])
