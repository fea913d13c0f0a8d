"""Pictures that show how a training stands: always of the same latents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from partly.data.photos import Pixels, grid, with_row_names
from partly.models.generators import Generator, pixels_of, sample_w
from partly.storage import picture_seed

_GAP_PX = 1


def picture_grid(generator: Generator, n_columns: int = 8, n_rows: int = 5) -> Pixels:
    """Random pictures, not truncated, in rows: uint8 ``[h, w, 3]``."""
    latents = (_latent(generator, index) for index in range(n_columns * n_rows))
    return grid(list(_pictures(generator, latents)), n_columns, gap_px=_GAP_PX)


def class_grid(generator: Generator, n_columns: int = 10) -> Pixels:
    """A row of pictures for each class, its name before it, not truncated: uint8 ``[h, w, 3]``.

    Pictures above each other are of the same ``z``.
    """
    latents = (_latent(generator, column, name) for name in generator.classes for column in range(n_columns))
    rows = grid(list(_pictures(generator, latents)), n_columns, gap_px=_GAP_PX)
    return with_row_names(rows, generator.classes)


def interpolation_strip(generator: Generator, n_columns: int = 8, n_rows: int = 2) -> Pixels:
    """In each row, the straight way in ``w`` from one picture to another: uint8 ``[h, w, 3]``."""
    latents = []
    for row in range(n_rows):
        # Between two classes, where there are some.
        start, end = (_latent(generator, 1000 + 2 * row + i) for i in (0, 1))
        latents += [torch.lerp(start, end, i / (n_columns - 1)) for i in range(n_columns)]
    return grid(list(_pictures(generator, latents)), n_columns, gap_px=_GAP_PX)


def _latent(generator: Generator, index: int, class_name: str | None = None) -> Tensor:
    seed = picture_seed("training grids")
    return sample_w(generator, seed, index, purpose="training grids", class_name=class_name)


def _pictures(generator: Generator, latents: Iterable[Tensor]) -> Iterator[Pixels]:
    least_px = generator.levels[0].size_px
    with torch.inference_mode():
        for w in latents:
            yield pixels_of(generator.synthesise(w, features_px=least_px))
