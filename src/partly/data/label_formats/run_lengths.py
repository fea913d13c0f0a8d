"""Run-length codes of masks: numbers of pixels off, on, off, on … and COCO's text form of them.

Written here because the usual C library, given runs that are too short for the picture, returns whatever was
in memory; here they are an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]


def run_lengths(pixels: Mask) -> list[int]:
    """Lengths of the runs of a flat mask, off first; the first may be zero, the others are not.

    Args:
        pixels: bool [n].
    """
    changes = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1
    lengths = np.diff(np.concatenate([[0], changes, [pixels.size]])).tolist()
    return [0, *lengths] if pixels.size and pixels[0] else lengths


def run_lengths_by_columns(inside: Mask, left: int, top: int, shape: tuple[int, int]) -> list[int]:
    """Run lengths of a picture, column after column, that is off but for a box in it.

    Args:
        inside: what is in the box, bool [h, w].
        left: of the box.
        top: of the box.
        shape: height and width of the picture.
    """
    height, width = shape
    columns = np.pad(inside.T, ((0, 0), (1, 1)))
    column, row = np.nonzero(columns[:, 1:] != columns[:, :-1])
    changes = (column + left) * height + row + top
    # A run that ends with its column goes on where the next begins with its own: no change.
    meets = np.flatnonzero(changes[1:] == changes[:-1])
    changes = np.delete(changes, np.concatenate([meets, meets + 1]))
    lengths = np.diff(np.concatenate([[0], changes, [height * width]])).tolist()
    return lengths[:-1] if lengths[-1] == 0 and len(lengths) > 1 else lengths


def pixels_of_runs(lengths: Sequence[int], n_pixels: int) -> Mask:
    """The flat mask, bool [n_pixels], of run lengths.

    Raises:
        ValueError: a length is negative or no whole number, or they do not add up to ``n_pixels``.
    """
    if not all(type(length) is int and length >= 0 for length in lengths):
        raise ValueError("run lengths that are no whole numbers from 0 up")
    if sum(lengths) != n_pixels:
        raise ValueError(f"run lengths that add up to {sum(lengths)} pixels instead of {n_pixels}")
    return np.repeat(np.arange(len(lengths)) % 2 == 1, np.array(lengths, np.int64))


def plain_runs(values: Any, size: tuple[int, int]) -> tuple[int, ...] | None:
    """Run lengths of a picture in place of a polygon: a list of whole numbers, or such a list in a list.

    They add up to the picture's pixels, and as points of a polygon they would make no sense: an odd number of
    them, or one far outside. None: they are no such run lengths.
    """
    if isinstance(values, list) and len(values) == 1 and isinstance(values[0], list):
        values = values[0]
    if not isinstance(values, list) or not all(type(value) is int and value >= 0 for value in values):
        return None
    height, width = size
    lie_inside = max(values[::2], default=0) <= width and max(values[1::2], default=0) <= height
    are_points = len(values) % 2 == 0 and lie_inside
    return tuple(values) if sum(values) == height * width and not are_points else None


def runs_to_text(lengths: Sequence[int]) -> str:
    """COCO's compressed run lengths.

    From the fourth on, a length is written as its difference to the one before the last. Each number is cut
    into groups of five bits, lowest first; a sixth bit says that more follow; adding 48 makes a character.
    """
    characters = []
    for i, length in enumerate(lengths):
        value = length - lengths[i - 2] if i > 2 else length
        more = True
        while more:
            bits = value & 31
            value >>= 5
            # The highest bit written is the sign, so stop when all that is left repeats it.
            more = value != (-1 if bits & 16 else 0)
            characters.append(chr(48 + (bits | 32 if more else bits)))
    return "".join(characters)


def mask_to_text(pixels: Mask) -> str:
    """COCO's compressed run lengths of a flat mask, bool [n]; COCO goes by columns."""
    return runs_to_text(run_lengths(pixels))


def runs_from_text(text: str) -> list[int]:
    """Run lengths from COCO's compressed form; the reverse of :func:`runs_to_text`.

    Raises:
        ValueError: a character that the form does not have, or an end within a number.
    """
    lengths: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or shift > 60:
            raise ValueError(f"compressed run lengths that are damaged at {character!r}")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            value -= (1 << shift) if bits & 16 else 0
            lengths.append(value + lengths[-2] if len(lengths) > 2 else value)
            value = shift = 0
    if shift:
        raise ValueError("compressed run lengths that end too early")
    return lengths
