"""What a label map asks of a segmenter, on a grid of cells or at single pixels."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from partly.data.labels import UNLABELLED


def shares(label_map: np.ndarray, n_parts: int, grid_px: int) -> Tensor:
    """How much of each cell each part covers, ``[grid_px², k]``; rows sum to the labelled share of the cell.

    A label map smaller than the grid is repeated first. Where the grid divides the label map, pixels are
    counted, some milliseconds for 1024 px; elsewhere cells overlap, and planes are pooled.

    Raises:
        ValueError: an id is of no part.
    """
    if int(np.where(label_map == UNLABELLED, 0, label_map).max()) >= n_parts:
        raise ValueError(f"a label map with ids beyond those of {n_parts} parts")
    if any(side % grid_px for side in label_map.shape):
        return _pooled(label_map, n_parts, grid_px)
    return _counted(label_map, n_parts, grid_px)


def _counted(label_map: np.ndarray, n_parts: int, grid_px: int) -> Tensor:
    # What is unlabelled is counted in one column more, which is then left out.
    n_columns = n_parts + 1
    starts = np.arange(label_map.shape[1]) // (label_map.shape[1] // grid_px) * n_columns
    # Band by band, each a row of cells: small arrays stay in the processor's cache.
    bands = np.minimum(label_map, n_parts).reshape(grid_px, -1, label_map.shape[1])
    counts = [np.bincount((starts + band).ravel(), minlength=grid_px * n_columns) for band in bands]
    shown = np.stack(counts).reshape(grid_px**2, n_columns)[:, :n_parts]
    return torch.from_numpy(shown / (label_map.size // grid_px**2)).float()


def _pooled(label_map: np.ndarray, n_parts: int, grid_px: int) -> Tensor:
    ids = torch.from_numpy(label_map.astype(np.int64)).clamp_max(n_parts)
    planes = F.one_hot(ids, n_parts + 1)[..., :n_parts].permute(2, 0, 1)[None].float()
    if min(planes.shape[2:]) < grid_px:
        planes = F.interpolate(planes, size=(grid_px, grid_px), mode="nearest")
    return F.adaptive_avg_pool2d(planes, grid_px)[0].flatten(1).T


def part_pixels(label_map: np.ndarray, n_parts: int) -> np.ndarray:
    """How many labelled pixels each part has, ``[k]``."""
    return np.bincount(label_map[label_map != UNLABELLED], minlength=n_parts)[:n_parts]


def labelled_points(label_map: np.ndarray) -> tuple[Tensor, Tensor]:
    """Positions ``[n, 2]`` (x, y in [-1, 1]) and part ids ``[n]`` of all labelled pixels."""
    rows, columns = np.nonzero(label_map != UNLABELLED)
    height, width = label_map.shape
    points = np.stack(((columns + 0.5) / width * 2 - 1, (rows + 0.5) / height * 2 - 1), axis=1)
    ids = label_map[rows, columns].astype(np.int64)
    return torch.from_numpy(points.astype(np.float32)), torch.from_numpy(ids)
