"""Annotated and plain pictures of a generator, as feature pyramids made when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from partly.data.labels import Annotation
from partly.errors import BadLabel
from partly.models import FeaturePyramid
from partly.models.generators import Generator, Truncation, sample_w

# Plain pictures come from a stream of their own, so that they are never those that are labelled or shown.
_STATISTICS_SEED = 20_210_619
_STATISTICS_TRUNCATION = Truncation(0.7, 1.0)


def latent_of(annotation: Annotation, generator: Generator) -> Tensor:
    """Latent ``w [1, l, v]`` of an annotated picture.

    Raises:
        BadLabel: the annotation is of a photo, or of a picture of another generator.
    """
    if annotation.w is None:
        raise BadLabel(
            f"annotation {annotation.id!r} belongs to a photo",
            expected="a picture of the generator",
            remedy="Label a generated picture",
        )
    if annotation.generator_digest != generator.digest:
        raise BadLabel(
            f"annotation {annotation.id!r} belongs to generator {str(annotation.generator_digest)[:12]}…",
            expected=f"{generator.digest[:12]}…",
            remedy="Use the generator that made the labelled picture",
        )
    w = torch.from_numpy(annotation.w)
    if tuple(w.shape) != (generator.n_layers, generator.w_dim):
        raise BadLabel(
            f"annotation {annotation.id!r} has a latent of shape {list(w.shape)}",
            expected=f"[{generator.n_layers}, {generator.w_dim}]",
        )
    return w[None]


@torch.no_grad()
def pyramid_of(generator: Generator, w: Tensor, level_indexes: Sequence[int]) -> FeaturePyramid:
    """All levels of ``w`` up to the finest of those chosen; nothing finer is computed."""
    features_px = generator.levels[max(level_indexes)].size_px
    return generator.synthesise(w, features_px=features_px, images=False).pyramid


def plain_pyramids(
    generator: Generator, n_pictures: int, level_indexes: Sequence[int]
) -> Iterator[FeaturePyramid]:
    """Pyramids up to the finest chosen level, of pictures that nobody labels."""
    for index in range(n_pictures):
        w = sample_w(generator, _STATISTICS_SEED, index, _STATISTICS_TRUNCATION)
        yield pyramid_of(generator, w, level_indexes)
