"""Pictures of a generator as bytes, many at a time, each by its index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from partly.errors import TrainingDiverged
from partly.models.generators import Generator, images_of, one_hot, sample_class, sample_z, to_bytes

Pixels = NDArray[np.uint8]
_PIXELS_AT_ONCE = 1 << 20
_MOST_AT_ONCE = 64


def make_pictures(generator: Generator, seed: int, indexes: Iterable[int]) -> Iterator[Pixels]:
    """The pictures of a seed, not truncated, a few at a time: as many as fit one megapixel, at most 64.

    Args:
        generator: on any device.
        seed: of the latents.
        indexes: which pictures.

    Yields:
        uint8 ``[b, s, s, 3]``, in order.

    Raises:
        TrainingDiverged: pictures are NaN.
    """
    wanted = list(indexes)
    n = max(1, min(_MOST_AT_ONCE, _PIXELS_AT_ONCE // generator.image_size_px**2))
    for start in range(0, len(wanted), n):
        some = wanted[start : start + n]
        z = torch.cat([sample_z(generator.z_dim, seed, index, "evaluation") for index in some])
        with torch.no_grad():
            classes = [sample_class(generator, seed, index, "evaluation") for index in some]
            condition = one_hot(generator, classes)
            w = generator.map(z.to(generator.w_mean.device), condition.to(generator.w_mean.device))
            synthesis = generator.synthesise(w, features_px=generator.levels[0].size_px)
        images = images_of(synthesis)
        # As bytes they would be black, and measured.
        if images.isnan().any():
            raise TrainingDiverged(
                f"pictures {wanted[start]} and following of seed {seed} are no numbers",
                expected="a generator that makes pictures",
                remedy="Its training has diverged: take an earlier checkpoint",
            )
        yield np.ascontiguousarray(to_bytes(images).permute(0, 2, 3, 1).cpu().numpy())
