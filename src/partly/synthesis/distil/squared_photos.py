"""A person's photos in squares, as networks learn from them: painted ones, and ones to be labelled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from partly.data.labels import Annotation
from partly.data.photos import PhotoSet, PhotoSource, Pixels, make_photo_set, padded_square
from partly.errors import BadOption
from partly.fewshot.features import PhotoFeatures
from partly.storage import shuffle_stream
from partly.synthesis.distil.distil_options import DistilConfig
from partly.synthesis.distil.labelled_photos import log_shares, shares_in_square
from partly.synthesis.shards.synthesis_config import SynthesisConfig
from partly.training.segmentation import ArrayPictures

Shares = Callable[[Annotation, Pixels], Tensor]
"""Shares of the parts ``[k, h, w]`` of a painted photo, from its annotation and its pixels."""


def unpainted_squares(
    source: PhotoFeatures, painted: Sequence[Annotation], config: DistilConfig, folder: Path, n_most: int
) -> PhotoSet:
    """At most ``n_most`` photos that nobody painted, chosen at random, in squares.

    Args:
        source: knows the photos.
        painted: the annotations of those that were painted.
        config: size and seed.
        folder: where the squares are kept.
        n_most: how many.

    Raises:
        BadOption: there are fewer than two.
    """
    chosen = unpainted_photos(source, painted, config.seed, n_most)
    if len(chosen) < 2:
        raise BadOption(
            f"{len(chosen)} photos that nobody painted",
            expected="2 or more, from which a network can learn",
            remedy="Put more photos of the same kind of object into the folder",
        )
    return make_photo_set(chosen, folder, config.synthesis().size_px, "pad")


def unpainted_photos(
    source: PhotoFeatures, painted: Sequence[Annotation], seed: int, n_most: int
) -> list[PhotoSource]:
    """At most ``n_most`` photos that nobody painted, chosen at random, in order."""
    names = {annotation.photo for annotation in painted}
    return _some([p for p in source.photos if p.name not in names], n_most, seed)


def painted_squares(
    source: PhotoFeatures, painted: Sequence[Annotation], sizes: SynthesisConfig, shares: Shares
) -> ArrayPictures:
    """The painted photos in squares, with what was painted.

    Args:
        source: knows the photos.
        painted: one or more annotations.
        sizes: of the squares and of their labels.
        shares: of the parts in a photo.

    Raises:
        BadLabel: an annotation is of no photo of these, or of one that has changed.
        BadPhoto: a photo cannot be read.
    """
    images, logits = [], []
    for annotation in painted:
        pixels = source.pixels(annotation)
        height, width = pixels.shape[:2]
        label = shares_in_square(shares(annotation, pixels), height, width, sizes.label_px)
        logits.append(log_shares(label))
        images.append(torch.from_numpy(padded_square(pixels, sizes.size_px)[0]).permute(2, 0, 1))
    return ArrayPictures(torch.stack(images), torch.stack(logits))


def _some(photos: Sequence[PhotoSource], n: int, seed: int) -> list[PhotoSource]:
    """At most ``n`` photos at random, in order."""
    chosen = shuffle_stream("photos to learn from", seed).permutation(len(photos))[:n]
    return [photos[i] for i in sorted(chosen.tolist())]
