"""Shapes that are no semantic part, drawn in coordinates aligned to the face and cut with its pixels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from experiments.bisenet import FACE, NOSE
from experiments.face_alignment import Points, aligned_coordinates

Mask = NDArray[np.bool_]
Draw = Callable[[Points], Mask]

# The strokes of a letter F on the left cheek: left, top, right, bottom, in distances between the eyes.
_LETTER = (
    (-0.84, 0.25, -0.66, 1.05),
    (-0.84, 0.25, -0.34, 0.43),
    (-0.84, 0.57, -0.42, 0.73),
)
# Between the lower lids and the upper lip.
_BAND = (-2.0, 0.30, 2.0, 0.80)


def _within(aligned: Points, box: tuple[float, float, float, float]) -> Mask:
    x, y = aligned[..., 0], aligned[..., 1]
    left, top, right, bottom = box
    return (x >= left) & (x < right) & (y >= top) & (y < bottom)


def _letter(aligned: Points) -> Mask:
    return np.any([_within(aligned, stroke) for stroke in _LETTER], axis=0)


def _band(aligned: Points) -> Mask:
    return _within(aligned, _BAND)


def _half(aligned: Points) -> Mask:
    return aligned[..., 0] < 0


SHAPES: dict[str, Draw] = {"letter": _letter, "band": _band, "half": _half}
"""Name to what is drawn: a letter on a cheek, a band between eyes and mouth, the half left of the nose."""

NOSE_PART = "nose"
"""Beside the shapes: a semantic part, labelled and measured in the same way."""


def shape_map(name: str, ids: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Where the shape is: uint8 ``[s, s]`` of 0 and 1; None where the picture lacks a landmark.

    Args:
        name: of :data:`SHAPES`, or "nose".
        ids: the parser's 19 ids of the picture.
    """
    aligned = aligned_coordinates(ids)
    if aligned is None:
        return None
    mask = ids == NOSE if name == NOSE_PART else SHAPES[name](aligned) & np.isin(ids, FACE)
    return mask.astype(np.uint8)
