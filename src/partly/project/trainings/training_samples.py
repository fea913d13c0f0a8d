"""Pictures that show how a training stands: always of the same latents."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from partly.data.photos import Pixels, grid
from partly.models.generators import Generator, pixels_of, sample_w
from partly.storage import picture_seed

_GAP_PX = 1


def picture_grid(generator: Generator, n_columns: int = 8, n_rows: int = 5) -> Pixels:
    """Random pictures, not truncated, in rows: uint8 ``[h, w, 3]``."""
    latents = (_latent(generator, index) for index in range(n_columns * n_rows))
    return grid(list(_pictures(generator, latents)), n_columns, gap_px=_GAP_PX)


def interpolation_strip(generator: Generator, n_columns: int = 8, n_rows: int = 2) -> Pixels:
    """In each row, the straight way in ``w`` from one picture to another: uint8 ``[h, w, 3]``."""
    latents = []
    for row in range(n_rows):
        start, end = (_latent(generator, 1000 + 2 * row + i) for i in (0, 1))
        latents += [torch.lerp(start, end, i / (n_columns - 1)) for i in range(n_columns)]
    return grid(list(_pictures(generator, latents)), n_columns, gap_px=_GAP_PX)


def _latent(generator: Generator, index: int) -> Tensor:
    return sample_w(generator, picture_seed("training grids"), index, purpose="training grids")


def _pictures(generator: Generator, latents: Iterator[Tensor] | list[Tensor]) -> Iterator[Pixels]:
    least_px = generator.levels[0].size_px
    with torch.inference_mode():
        for w in latents:
            yield pixels_of(generator.synthesise(w, features_px=least_px))
