"""What is measured on compositions: a network that takes each photo for one object, or looks for objects."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from experiments.anywhere.composition import Composition
from experiments.bench import Bench
from partly.data.photos import Pixels
from partly.inference.segment import Segmentation, segment_photo

Segmenter = Callable[[Pixels], Segmentation]
"""A photo, uint8 ``[h, w, 3]``, to its segmentation at its own size."""
KnownSegmenter = Callable[[Composition], Segmentation]
"""The same, of a photo whose objects are known."""


def plain_segmenter(bench: Bench) -> Segmenter:
    """The bench's network, which takes the photo for one object."""
    return partial(segment_photo, bench.network.for_inference())


def of_pixels(segmenter: Segmenter) -> KnownSegmenter:
    """A segmenter that makes no use of what is known."""
    return lambda composition: segmenter(composition.pixels)


def segmenter_of(bench: Bench) -> Segmenter:
    """What the bench measures: the network, which looks for objects where there is a finder."""
    return partial(segment_photo, bench.network.for_inference(), finder=bench.finder)
