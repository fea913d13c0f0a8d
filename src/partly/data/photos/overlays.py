"""Label maps in colour, and laid over their picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from partly.data.photos.colour_modes import Pixels
from partly.errors import BadLabel, BadOption

_UNLABELLED = 255
_GREY = (128, 128, 128)
_OUTLINE_BRIGHTNESS = 0.4
_ROWS = 512


def colour(
    label_map: NDArray[np.uint8], colours: NDArray[np.uint8], unlabelled: tuple[int, int, int] = _GREY
) -> Pixels:
    """Label map ``[h, w]`` to RGB ``[h, w, 3]``.

    Args:
        label_map: part ids; 255 is unlabelled.
        colours: uint8 ``[k, 3]``, the colour of each part.
        unlabelled: the colour of unlabelled pixels.

    Raises:
        BadLabel: a part id without a colour.
    """
    _check_ids(label_map, len(colours))
    return _table(colours, unlabelled)[label_map]


def overlay(
    pixels: Pixels,
    label_map: NDArray[np.uint8],
    colours: NDArray[np.uint8],
    opacity: float = 0.5,
    *,
    outline_px: int = 0,
) -> Pixels:
    """The parts' colours laid over a picture; unlabelled pixels stay as they are.

    Args:
        pixels: uint8 ``[h, w, 3]``.
        label_map: uint8 ``[h, w]``.
        colours: uint8 ``[k, 3]``.
        opacity: 0 shows the picture alone, 1 the colours alone.
        outline_px: width of the lines between parts, in a darker tone of the part's colour; 0: none.

    Raises:
        BadLabel: the label map is of another size, or has a part id without a colour.
        BadOption: opacity outside 0 to 1.
    """
    if pixels.shape[:2] != label_map.shape:
        raise BadLabel(
            f"the label map has {label_map.shape[1]} x {label_map.shape[0]} pixels",
            expected=f"{pixels.shape[1]} x {pixels.shape[0]}, as its picture",
        )
    if not 0 <= opacity <= 1:
        raise BadOption(f"opacity {opacity}", expected="0 to 1")
    _check_ids(label_map, len(colours))
    weight = round(opacity * 256)
    table = _table(colours)
    dark = (table * _OUTLINE_BRIGHTNESS).astype(np.uint8)
    lines = _outlines(label_map, outline_px) if outline_px else None
    result = np.empty_like(pixels)
    for top in range(0, len(pixels), _ROWS):
        rows = slice(top, top + _ROWS)
        labels, below = label_map[rows], pixels[rows]
        labelled = (labels != _UNLABELLED)[..., None]
        above = table[labels]
        mixed = (below.astype(np.uint16) * (256 - weight) + above.astype(np.uint16) * weight + 128) >> 8
        strip = np.where(labelled, mixed.astype(np.uint8), below)
        if lines is not None:
            strip = np.where(lines[rows][..., None] & labelled, dark[labels], strip)
        result[rows] = strip
    return result


def _outlines(label_map: NDArray[np.uint8], width_px: int) -> NDArray[np.bool_]:
    """Pixels where the part differs within ``width_px`` to the right or below: lines ``width_px`` wide."""
    lines = np.zeros(label_map.shape, bool)
    for shift in range(1, width_px + 1):
        lines[:, :-shift] |= label_map[:, :-shift] != label_map[:, shift:]
        lines[:-shift] |= label_map[:-shift] != label_map[shift:]
    return lines


def _table(colours: NDArray[np.uint8], unlabelled: tuple[int, int, int] = _GREY) -> NDArray[np.uint8]:
    table = np.zeros((256, 3), np.uint8)
    table[: len(colours)] = colours
    table[_UNLABELLED] = unlabelled
    return table


def _check_ids(label_map: NDArray[np.uint8], n_parts: int) -> None:
    present = np.zeros(256, bool)
    for top in range(0, len(label_map), _ROWS):
        present |= np.bincount(label_map[top : top + _ROWS].ravel(), minlength=256) > 0
    unknown = [part for part in range(n_parts, 256) if present[part] and part != _UNLABELLED]
    if unknown:
        raise BadLabel(
            f"the label map has part ids {', '.join(map(str, unknown))}",
            expected=f"0 to {n_parts - 1}, or 255 for unlabelled",
        )
