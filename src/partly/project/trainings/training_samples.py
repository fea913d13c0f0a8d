"""Pictures that show how a training stands: always of the same latents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from partly.data.photos import Pixels, grid, with_row_names
from partly.models.generators import Generator, GeneratorFamily, pixels_of, sample_w
from partly.storage import picture_seed

_GAP_PX = 1
_MOST_ROWS = 20
_SWEEP = 2.0


def picture_grid(generator: Generator, n_columns: int = 8, n_rows: int = 5) -> Pixels:
    """Random pictures, not truncated, in rows: uint8 ``[h, w, 3]``."""
    latents = (_latent(generator, index) for index in range(n_columns * n_rows))
    return grid(list(_pictures(generator, latents)), n_columns, gap_px=_GAP_PX)


def class_grid(generator: Generator, n_columns: int = 10) -> Pixels:
    """A row of pictures for each class or code, its name before it, not truncated: uint8 ``[h, w, 3]``.

    Pictures above each other are of the same ``z``. Of many classes, some are shown.
    """
    names = shown_classes(generator.classes)
    latents = (_latent(generator, column, name) for name in names for column in range(n_columns))
    rows = grid(list(_pictures(generator, latents)), n_columns, gap_px=_GAP_PX)
    return with_row_names(rows, names)


def shown_classes(names: Sequence[str]) -> Sequence[str]:
    """Twenty classes at the most, evenly from all."""
    n = min(_MOST_ROWS, len(names))
    return [names[place * len(names) // n] for place in range(n)]


def code_sweeps(generator: GeneratorFamily, n_columns: int = 10, n_rows: int = 2) -> Pixels:
    """In each row, one continuous code from -2 to 2, and all else alike: uint8 ``[h, w, 3]``.

    It stands in the latents where it is drawn, between ``z`` and the class (:class:`UnmappedFamily`).

    Args:
        generator: with continuous codes.
        n_columns: values of a code.
        n_rows: for each code; each row is of another latent.
    """
    n_codes = generator.n_continuous_codes
    latents, names = [], []
    for code in range(n_codes):
        for row in range(n_rows):
            names.append(f"c{code + 1}")
            for value in torch.linspace(-_SWEEP, _SWEEP, n_columns):
                w = _latent(generator, row).clone()
                w[:, 0, generator.z_dim - n_codes + code] = value
                latents.append(w)
    rows = grid(list(_pictures(generator, latents)), n_columns, gap_px=_GAP_PX)
    return with_row_names(rows, names)


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
