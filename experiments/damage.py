"""Label maps made worse on purpose: boundaries moved, strokes instead of areas, parts taken for others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from partly.data.labels import UNLABELLED
from partly.storage import shuffle_stream

LabelMap = NDArray[np.uint8]
_NEIGHBOURS = ((-1, 0), (1, 0), (0, -1), (0, 1))
# A displacement changes direction over about so many pixels.
_WAVE_PX = 16
_LEAST_STROKE_PX = 3
_TURN = 0.35
_N_TRIES = 8


def jittered(label_map: LabelMap, amplitude_px: float, seed: int) -> LabelMap:
    """Every boundary moved by a smooth random field, by ``amplitude_px`` in root mean square.

    Args:
        label_map: ``[h, w]``.
        amplitude_px: length of the displacements; 0 changes nothing.
        seed: of the field.
    """
    height, width = label_map.shape
    draws = shuffle_stream("moved boundaries", seed)
    coarse = draws.standard_normal((1, 2, height // _WAVE_PX + 2, width // _WAVE_PX + 2))
    smooth = F.interpolate(torch.from_numpy(coarse), size=(height, width), mode="bicubic", align_corners=True)
    field = smooth[0].numpy()
    field *= amplitude_px / np.sqrt((field**2).sum(axis=0).mean())
    rows, columns = np.mgrid[:height, :width]
    rows = np.clip(np.rint(rows + field[0]), 0, height - 1).astype(int)
    columns = np.clip(np.rint(columns + field[1]), 0, width - 1).astype(int)
    return label_map[rows, columns]


def grown(label_map: LabelMap, by_px: int) -> LabelMap:
    """The object larger by ``by_px``: background near a part becomes that part. Below 0, smaller."""
    grown_map = label_map.copy()
    for _ in range(abs(by_px)):
        before = grown_map.copy()
        for neighbour in _shifted(before):
            if by_px > 0:
                takes = (grown_map == 0) & (neighbour != 0) & (neighbour != UNLABELLED)
                grown_map[takes] = neighbour[takes]
            else:
                grown_map[(before != 0) & (before != UNLABELLED) & (neighbour == 0)] = 0
    return grown_map


def scribbled(label_map: LabelMap, share: float, seed: int) -> LabelMap:
    """Thin random strokes within each part; all other pixels become unlabelled.

    Args:
        label_map: ``[h, w]``.
        share: of the pixels of each part that are kept, but three at the least.
        seed: of the strokes.
    """
    draws = shuffle_stream("scribbles", seed)
    kept = np.full_like(label_map, UNLABELLED)
    for part in np.unique(label_map[label_map != UNLABELLED]).tolist():
        mask = label_map == part
        n_wanted = min(int(mask.sum()), max(_LEAST_STROKE_PX, round(share * int(mask.sum()))))
        kept[_strokes(mask, n_wanted, draws)] = part
    return kept


def mislabelled(label_map: LabelMap, part: int, as_part: int, side: str) -> LabelMap:
    """Half of a part's pixels taken for another part.

    Args:
        label_map: ``[h, w]``.
        part: whose pixels are wrong.
        as_part: what they become.
        side: "lower" or "left": which half.
    """
    rows, columns = np.nonzero(label_map == part)
    order = np.argsort(-rows if side == "lower" else columns, kind="stable")
    wrong = order[: len(order) // 2]
    damaged = label_map.copy()
    damaged[rows[wrong], columns[wrong]] = as_part
    return damaged


def _shifted(label_map: LabelMap) -> Iterator[LabelMap]:
    """The map moved by one pixel in each direction; what lies beyond the edge is as the edge."""
    height, width = label_map.shape
    padded = np.pad(label_map, 1, mode="edge")
    for down, right in _NEIGHBOURS:
        yield padded[1 + down : 1 + down + height, 1 + right : 1 + right + width]


def _strokes(mask: NDArray[np.bool_], n_wanted: int, draws: np.random.Generator) -> NDArray[np.bool_]:
    """``n_wanted`` pixels of ``mask`` on strokes one pixel wide that wander within it."""
    rows, columns = np.nonzero(mask)
    kept = np.zeros_like(mask)
    n_kept, length = 0, 4 * int(np.sqrt(len(rows))) + 1
    while n_kept < n_wanted:
        start = int(draws.integers(len(rows)))
        for row, column in _stroke(mask, (rows[start], columns[start]), length, draws):
            if not kept[row, column]:
                kept[row, column] = True
                n_kept += 1
            if n_kept == n_wanted:
                break
    return kept


def _stroke(
    mask: NDArray[np.bool_], start: tuple[int, int], length: int, draws: np.random.Generator
) -> Iterator[tuple[int, int]]:
    """Pixels of a stroke that begins at ``start``, turns a little with every step, and stays in the mask."""
    y, x = start[0] + 0.5, start[1] + 0.5
    angle = draws.uniform(0, 2 * np.pi)
    for _ in range(length):
        yield int(y), int(x)
        angle += draws.normal(0, _TURN)
        for _ in range(_N_TRIES):
            to_y, to_x = y + np.sin(angle), x + np.cos(angle)
            if _is_in(mask, to_y, to_x):
                y, x = to_y, to_x
                break
            angle = draws.uniform(0, 2 * np.pi)


def _is_in(mask: NDArray[np.bool_], y: float, x: float) -> bool:
    return 0 <= y < mask.shape[0] and 0 <= x < mask.shape[1] and bool(mask[int(y), int(x)])
