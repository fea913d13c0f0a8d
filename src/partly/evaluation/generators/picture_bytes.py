"""Pictures of a generator as bytes, many at a time, each by its index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from partly.errors import TrainingDiverged
from partly.machine import FittingBatches, Machine, OnHalved
from partly.models.generators import (
    Generator,
    images_of,
    map_on_processor,
    one_hot,
    sample_class,
    sample_z,
    synthesise_on,
    to_bytes,
)

Pixels = NDArray[np.uint8]
_PIXELS_AT_ONCE = 1 << 20
_MOST_AT_ONCE = 64


def make_pictures(
    generator: Generator,
    seed: int,
    indexes: Iterable[int],
    machine: Machine | None = None,
    batches: FittingBatches | None = None,
) -> Iterator[Pixels]:
    """The pictures of a seed, not truncated, a few at a time.

    Args:
        generator: on any device.
        seed: of the latents.
        indexes: which pictures.
        machine: where the generator is; None: found out, and float32.
        batches: how many at a time; None: see :func:`picture_batches`.

    Yields:
        uint8 ``[b, s, s, 3]``, in order.

    Raises:
        TrainingDiverged: pictures are NaN.
    """
    on = machine or Machine.of(generator)
    batches = batches or picture_batches(generator)
    for _, pixels in batches.each(lambda some: _made(generator, seed, some, on), list(indexes)):
        yield pixels


def picture_batches(generator: Generator, on_halved: OnHalved | None = None) -> FittingBatches:
    """As many pictures at a time as fit one megapixel, at most 64.

    Args:
        generator: makes them.
        on_halved: told, once, if memory is short and fewer are made at a time from then on.
    """
    n = max(1, min(_MOST_AT_ONCE, _PIXELS_AT_ONCE // generator.image_size_px**2))
    return FittingBatches(n, on_halved)


@torch.no_grad()
def _made(generator: Generator, seed: int, indexes: Sequence[int], machine: Machine) -> Pixels:
    z = torch.cat([sample_z(generator.z_dim, seed, index, "evaluation") for index in indexes])
    classes = [sample_class(generator, seed, index, "evaluation") for index in indexes]
    w = map_on_processor(generator, z, one_hot(generator, classes))
    made = synthesise_on(machine, generator, w, features_px=generator.levels[0].size_px)
    images = images_of(made)
    # As bytes they would be black, and measured.
    if images.isnan().any():
        raise TrainingDiverged(
            f"pictures {indexes[0]} and following of seed {seed} are no numbers",
            expected="a generator that makes pictures",
            remedy="Its training has diverged: take an earlier checkpoint",
        )
    return np.ascontiguousarray(to_bytes(images).permute(0, 2, 3, 1).cpu().numpy())
