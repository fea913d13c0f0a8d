"""Where objects are put in the study ``anywhere``: seeded, the same photos give the same compositions.

Each arrangement shows every photo as often as every other, and no composition shows a photo twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from experiments.anywhere.composition import (
    Canvas,
    Composition,
    ObjectPhoto,
    Place,
    as_it_is,
    in_a_row,
    tiled,
    turned,
)
from partly.data.photos import Pixels

Arrangement = Callable[[Sequence[ObjectPhoto], Iterable[Pixels]], Iterator[Composition]]
"""Photos of objects, and backdrops without any, one for each of the photos, to compositions.

Backdrops are 512 px square, and asked for only where they are needed.
"""

SIDE_PX = 512
"""Of canvases; photos of faces have it too."""
_SEED = 17
_LARGE, _SMALL = 0.6, 0.4
"""Sides of two that touch, of the canvas."""
_CUT_SIDE, _CUT_SHARE = 0.75, 1 / 3
_IN_A_ROW_PX = 320


def _all_as_they_are(photos: Sequence[ObjectPhoto], _backdrops: Iterable[Pixels]) -> Iterator[Composition]:
    yield from map(as_it_is, photos)


def _all_turned(
    photos: Sequence[ObjectPhoto], _backdrops: Iterable[Pixels], *, angle_deg: float
) -> Iterator[Composition]:
    for photo in photos:
        yield turned(photo, angle_deg)


def _shrunk(
    photos: Sequence[ObjectPhoto], backdrops: Iterable[Pixels], *, share: float
) -> Iterator[Composition]:
    """Each photo at ``share`` of the canvas (its longer side), somewhere on a backdrop of its own."""
    for i, (photo, backdrop) in enumerate(zip(photos, backdrops, strict=True)):
        canvas = Canvas(backdrop.copy())
        width, height = _sides(photo, round(share * len(backdrop)))
        left, top = np.random.default_rng((_SEED, round(100 * share), i)).integers(
            0, (backdrop.shape[1] - width, backdrop.shape[0] - height), endpoint=True
        )
        canvas.put(photo, Place(int(left), int(top), width, height))
        yield canvas.composition()


def _many(
    photos: Sequence[ObjectPhoto], _backdrops: Iterable[Pixels], *, n_across: int
) -> Iterator[Composition]:
    """As many canvases as photos; each photo is once at each place."""
    for chosen in _groups(photos, n_across**2):
        yield tiled(chosen, n_across, SIDE_PX)


def _touching(photos: Sequence[ObjectPhoto], backdrops: Iterable[Pixels]) -> Iterator[Composition]:
    """A large and a small one side by side on a backdrop; each photo is once the large one."""
    for i, ((large, small), backdrop) in enumerate(zip(_groups(photos, 2), backdrops, strict=True)):
        canvas = Canvas(backdrop.copy())
        height, width = backdrop.shape[:2]
        large_px, small_px = round(_LARGE * width), width - round(_LARGE * width)
        random = np.random.default_rng((_SEED, 1, i))
        top = int(random.integers(0, height - large_px, endpoint=True))
        small_top = top + int(random.integers(0, large_px - small_px, endpoint=True))
        is_left = bool(random.integers(2))
        canvas.put(large, Place(0 if is_left else small_px, top, large_px, large_px))
        canvas.put(small, Place(large_px if is_left else 0, small_top, small_px, small_px))
        yield canvas.composition()


def _cut(photos: Sequence[ObjectPhoto], backdrops: Iterable[Pixels]) -> Iterator[Composition]:
    """A third of each photo lies outside of one border of the canvas, in turn left, upper, right, lower."""
    for i, (photo, backdrop) in enumerate(zip(photos, backdrops, strict=True)):
        canvas = Canvas(backdrop.copy())
        side = len(backdrop)
        width = height = round(_CUT_SIDE * side)
        outside = round(_CUT_SHARE * width)
        along = int(np.random.default_rng((_SEED, 2, i)).integers(0, side - width, endpoint=True))
        before, behind = -outside, side - width + outside
        left, top = ((before, along), (along, before), (behind, along), (along, behind))[i % 4]
        canvas.put(photo, Place(left, top, width, height))
        yield canvas.composition()


def _two_in_a_row(photos: Sequence[ObjectPhoto], _backdrops: Iterable[Pixels]) -> Iterator[Composition]:
    for chosen in _groups(photos, 2):
        yield in_a_row(chosen, _IN_A_ROW_PX)


def _groups(photos: Sequence[ObjectPhoto], n: int) -> Iterator[list[ObjectPhoto]]:
    """As many groups of ``n`` as there are photos; each is once at each place, and in no group twice."""
    if len(photos) < n:
        raise ValueError(f"{len(photos)} photos; expected {n} or more")
    random = np.random.default_rng((_SEED, 3, n))
    order, shifts = random.permutation(len(photos)), random.permutation(len(photos))[:n]
    for i in range(len(photos)):
        yield [photos[order[(i + shift) % len(photos)]] for shift in shifts]


def _sides(photo: ObjectPhoto, longer_px: int) -> tuple[int, int]:
    """Width and height, the longer of them ``longer_px``."""
    height, width = photo.truth.shape
    longer = max(height, width)
    return max(1, round(longer_px * width / longer)), max(1, round(longer_px * height / longer))


FACES: Mapping[str, Arrangement] = {
    "as-they-are": _all_as_they_are,
    **{f"turned-{angle}": partial(_all_turned, angle_deg=angle) for angle in (15, 30, 90, 180)},
    **{f"shrunk-{share:g}": partial(_shrunk, share=share) for share in (0.5, 0.33, 0.2)},
    "four": partial(_many, n_across=2),
    "nine": partial(_many, n_across=3),
    "touching": _touching,
    "cut": _cut,
}
"""Of faces, by name."""

HORSES: Mapping[str, Arrangement] = {
    "horses-alone": _all_as_they_are,
    "horses-third": partial(_shrunk, share=1 / 3),
    "horses-two": _two_in_a_row,
}
"""Of horses, by name."""
