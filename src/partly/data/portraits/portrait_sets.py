"""Portraits as photos to train on, and as photos with truth to measure on."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from partly.data.labels.label_maps import LabelMap
from partly.data.photos.colour_modes import Pixels
from partly.data.photos.encoding import encode_png
from partly.data.photos.photo import MAX_PIXELS, Photo
from partly.data.photos.photo_location import PhotoSource
from partly.data.photos.photo_sets import OnPhoto, PhotoSet, make_photo_set
from partly.data.photos.photo_sources import PhotoSources
from partly.data.portraits.portrait import Portrait, draw_portrait
from partly.errors import BadOption

DRAWING = 1
"""Goes up when the same seed gives other pixels, so that sets kept on disk are made anew."""

_MAX_PORTRAITS = 1 << 32

PortraitPair = tuple[str, Callable[[], Pixels], LabelMap, LabelMap]
"""Name, reader of pixels, prediction, truth: as :func:`partly.evaluation.segmentation.evaluate` has it."""


@dataclass(frozen=True)
class DrawnPhoto(PhotoSource):
    """A photo that is drawn when it is read; there is no file.

    Attributes:
        seed: of the portrait.
        size_px: its side.
    """

    seed: int = 0
    size_px: int = 64

    def open(self) -> BinaryIO:
        """The portrait as a PNG."""
        return io.BytesIO(encode_png(draw_portrait(self.seed, self.size_px).pixels))

    def read(self, max_pixels: int = MAX_PIXELS, *, at_least_px: int | None = None) -> Photo:
        """The portrait; it is never too large."""
        del max_pixels, at_least_px
        return Photo(self.name, draw_portrait(self.seed, self.size_px).pixels)


def portrait_seed(seed: int, index: int) -> int:
    """Seed of one portrait of a set; sets of different seeds have no portrait in common."""
    return seed * _MAX_PORTRAITS + index


def portrait_sources(n: int, size_px: int = 64, seed: int = 0) -> PhotoSources:
    """The portraits of a set as photos to read, like those that :func:`partly.data.photos.find_photos` finds.

    Args:
        n: how many.
        size_px: their side.
        seed: of the set; a longer set of the same seed begins with the shorter one.

    Raises:
        BadOption: none or too many, or a seed below 0.
    """
    _check(n, seed)
    return PhotoSources(tuple(_source(portrait_seed(seed, index), size_px) for index in range(n)))


def portrait_set(n: int, size_px: int, seed: int, folder: Path, on_photo: OnPhoto | None = None) -> PhotoSet:
    """The portraits of a set drawn once and kept in ``folder``; after a stop, the same call goes on.

    Args:
        n: how many.
        size_px: their side.
        seed: of the set.
        folder: where they are kept; see :func:`partly.data.photos.make_photo_set`.
        on_photo: told how many are done, and of how many.

    Raises:
        BadOption: none or too many, a seed below 0, or portraits that are too small.
    """
    return make_photo_set(portrait_sources(n, size_px, seed), folder, size_px, on_photo=on_photo)


def draw_portraits(n: int, size_px: int = 64, seed: int = 1) -> Iterator[Portrait]:
    """The portraits of a set one after the other, each with its truth; none is kept.

    Args:
        n: how many.
        size_px: their side.
        seed: of the set; for portraits to evaluate on, one that no training had.

    Raises:
        BadOption: none or too many, a seed below 0, or portraits that are too small.
    """
    _check(n, seed)
    return (draw_portrait(portrait_seed(seed, index), size_px) for index in range(n))


def portrait_pairs(
    portraits: Iterable[Portrait], predict: Callable[[Pixels], LabelMap]
) -> Iterator[PortraitPair]:
    """Portraits with prediction and truth, as :func:`partly.evaluation.segmentation.evaluate` takes them.

    Args:
        portraits: such as :func:`draw_portraits`.
        predict: pixels ``uint8 [s, s, 3]`` to a label map ``uint8 [s, s]``.
    """
    for portrait in portraits:
        yield portrait.name, portrait.read, predict(portrait.pixels), portrait.label_map


def _source(seed: int, size_px: int) -> DrawnPhoto:
    # The drawing's version stands in the name, and so in the identity of a set kept on disk.
    name = f"portraits-{DRAWING}/{seed}.png"
    return DrawnPhoto(name, Path(name), seed=seed, size_px=size_px)


def _check(n: int, seed: int) -> None:
    if not 1 <= n <= _MAX_PORTRAITS:
        raise BadOption(f"{n} portraits", expected=f"1 to {_MAX_PORTRAITS}")
    if seed < 0:
        raise BadOption(f"portraits of seed {seed}", expected="0 or more")
