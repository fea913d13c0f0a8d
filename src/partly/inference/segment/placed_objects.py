"""Label maps of single objects, put back where they stand in the photo, each pixel to one of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from partly.data.labels import PartSet
from partly.data.photos import Photo, photo_of
from partly.inference.find import Found, Frame, seen_in
from partly.inference.segment.part_probabilities import STRIP_VALUES, PartProbabilities
from partly.inference.segment.segmentation import FoundObject, PartArea, Segmentation
from partly.models.networks import OBJECT_MARGIN

_NO_OBJECT = 5.0  # logit of the background where no object is: some 99 %
_FILLS = 0.8  # from this share of the photo's longer side on, an object that is alone may fill it
_UPRIGHT_DEG = 12.0  # and up to this angle
_UNUSUAL = 0.5  # what it costs an object's confidence to be at the limit of what is usual
_LEAST = 0.38  # confidence that must be left
_LARGE = 0.5  # from this share of the photo's longer side on, an object is large
_MOST_OF_LARGE = 1.5  # so far from usual a large one may be
_NARROW = 2.0  # how much less an object claims far from its middle


@dataclass(frozen=True, eq=False)
class PlacedObject:
    """What a network says of one object.

    Attributes:
        found: the object.
        view: the square that the network was shown, turned as the object is.
        logits: of that square, ``[k, s, s]``.
    """

    found: Found
    view: Frame
    logits: Tensor


def place(
    found: Sequence[Found], photo: Photo, see: Callable[[Photo], tuple[Tensor, float]], size_px: int
) -> list[PlacedObject]:
    """What a network says of objects, each shown upright, with a margin; what is far from usual is none.

    Where one object fills the photo, the network sees the photo as it is.

    Args:
        found: the objects, surest first.
        photo: the photo.
        see: gives the network's logits ``[k, h', w']`` of a photo, and how far they are from usual: above 1
            it shows no object.
        size_px: side of the squares that the network sees.
    """
    height, width = photo.pixels.shape[:2]

    def look(one: Found) -> tuple[float, PlacedObject]:
        view = replace(one.frame, side_px=one.frame.side_px * OBJECT_MARGIN)
        logits, distance = see(photo_of(seen_in(photo.pixels, view, size_px)))
        return distance, PlacedObject(one, view, logits.cpu())

    @cache
    def look_at_whole() -> tuple[Tensor, float]:
        return see(photo)

    if len(found) == 1 and _fills(found[0].frame, height, width):
        logits, distance = look_at_whole()
        if distance <= _MOST_OF_LARGE:
            return [_whole(found[0], logits, height, width)]
    placed = []
    for one in found:
        distance, seen = look(one)
        if _is_object(one, distance, is_large=one.frame.side_px >= _LARGE * max(height, width)):
            placed.append(seen)
    if placed:
        return placed
    # An object that fills the photo is not lost because the finder does not know it: the network may.
    logits, distance = look_at_whole()
    if distance > _MOST_OF_LARGE:
        return []
    frame = Frame(width / 2, height / 2, max(height, width))
    return [_whole(Found(frame, 1 / (1 + distance)), logits, height, width)]


def _whole(found: Found, logits: Tensor, height: int, width: int) -> PlacedObject:
    """An object that fills the photo, of which the network saw the photo as it is."""
    return PlacedObject(found, Frame(width / 2, height / 2, max(height, width)), _squared(logits.cpu()))


def _is_object(found: Found, distance: float, *, is_large: bool) -> bool:
    """Whether it is one, by what the finder thinks of it, and how far from usual it looks to the network.

    Of a large one the network sees so much that it is hardly ever mistaken.
    """
    if is_large and distance <= _MOST_OF_LARGE:
        return True
    return distance <= 1 and found.confidence - _UNUSUAL * distance >= _LEAST


def _fills(frame: Frame, height: int, width: int) -> bool:
    long_px = max(height, width)
    is_middle = math.hypot(frame.x_px - width / 2, frame.y_px - height / 2) < 0.2 * long_px
    is_upright = abs(frame.angle_deg) <= _UPRIGHT_DEG
    return is_middle and is_upright and _FILLS <= frame.side_px / long_px <= 1 / _FILLS


def _squared(logits: Tensor) -> Tensor:
    """Logits ``[k, h, w]`` in the middle of a square; what is around is never looked at."""
    height, width = logits.shape[1:]
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    return F.pad(logits, (left, side - width - left, top, side - height - top), mode="replicate")


@dataclass(frozen=True, eq=False)
class _Strip:
    """Some rows of the photo.

    Attributes:
        logits: ``[k, n, w]``.
        owners: index of the object that each pixel belongs to, -1 for none, ``[n, w]``.
    """

    logits: Tensor
    owners: Tensor


class PlacedProbabilities(PartProbabilities):
    """Probabilities of a photo's parts, of objects that stand in it; little of them is in memory.

    Args:
        objects: surest first.
        n_parts: ``k``.
        height, width: of the photo.
    """

    def __init__(self, objects: Sequence[PlacedObject], n_parts: int, height: int, width: int) -> None:
        super().__init__(torch.zeros(n_parts, 1, 1), height, width)
        self._objects, self._n_parts = objects, n_parts
        self._spans = [_span(one.view, height, width) for one in objects]

    def strips(self, parts: slice = slice(None)) -> Iterator[Tensor]:
        """Logits as consecutive strips ``[k, n, w]``."""
        for strip in self.owned_strips():
            yield strip.logits[parts]

    def owned_strips(self) -> Iterator[_Strip]:
        """Logits with the object that each pixel belongs to.

        A pixel belongs to the object that claims it most: by the probability that it is no background, which
        counts the less the farther it is from the object's middle.
        """
        n_rows = max(1, 4 * STRIP_VALUES // (self._n_parts * self.width))
        for top in range(0, self.height, n_rows):
            bottom = min(top + n_rows, self.height)
            logits = torch.zeros(self._n_parts, bottom - top, self.width)
            logits[0] = _NO_OBJECT
            owners = torch.full((bottom - top, self.width), -1)
            claims = torch.zeros(bottom - top, self.width)
            for index, (one, span) in enumerate(zip(self._objects, self._spans, strict=True)):
                rows = slice(max(top, span.top), min(bottom, span.bottom))
                if rows.start >= rows.stop or span.left >= span.right:
                    continue
                here = (slice(rows.start - top, rows.stop - top), slice(span.left, span.right))
                seen, claim = _sampled(one, rows, slice(span.left, span.right))
                wins = claim > claims[here]
                claims[here] = torch.where(wins, claim, claims[here])
                owners[here] = torch.where(wins, index, owners[here])
                logits[(slice(None), *here)] = torch.where(wins, seen, logits[(slice(None), *here)])
            yield _Strip(logits, owners)


def segmentation_of_objects(
    objects: Sequence[PlacedObject], part_set: PartSet, height: int, width: int
) -> Segmentation:
    """The segmentation of a photo in which objects stand.

    Args:
        objects: surest first; those of which no pixel is a part are left out.
        part_set: what their logits mean.
        height, width: of the photo.
    """
    probabilities = PlacedProbabilities(objects, part_set.n_parts, height, width)
    label_map, object_map = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint16)
    confidence = np.empty((height, width), np.float32)
    tallies = [_Tally.of(part_set.n_parts) for _ in objects]
    top = 0
    for strip in probabilities.owned_strips():
        best, labels = strip.logits.max(0)
        rows = slice(top, top + len(best))
        label_map[rows] = labels.numpy()
        confidence[rows] = (strip.logits - best).exp_().sum(0).reciprocal_().numpy()
        object_map[rows] = torch.where(labels > 0, strip.owners + 1, 0).numpy()
        for index in np.unique(object_map[rows]).tolist():
            if index:
                tallies[index - 1].add(object_map[rows] == index, label_map[rows], confidence[rows], top)
        top = rows.stop
    seen = [i for i, tally in enumerate(tallies) if tally.n_pixels.any()]
    numbers = np.zeros(len(objects) + 1, np.uint16)
    for number, i in enumerate(seen, start=1):
        numbers[i + 1] = number
    return Segmentation(
        label_map,
        confidence,
        part_set,
        probabilities,
        tuple(
            tallies[i].as_object(number, objects[i].found, part_set, label_map.size)
            for number, i in enumerate(seen, start=1)
        ),
        numbers[object_map] if len(seen) < len(objects) else object_map,
    )


@dataclass(frozen=True)
class _Span:
    left: int
    top: int
    right: int
    bottom: int


def _span(view: Frame, height: int, width: int) -> _Span:
    xs, ys = zip(*view.corners(), strict=True)
    return _Span(
        max(0, math.floor(min(xs))),
        max(0, math.floor(min(ys))),
        min(width, math.ceil(max(xs))),
        min(height, math.ceil(max(ys))),
    )


def _sampled(one: PlacedObject, rows: slice, columns: slice) -> tuple[Tensor, Tensor]:
    """Logits ``[k, n, m]`` of an object in some pixels of the photo; how much it claims them, ``[n, m]``."""
    view = one.view
    right = torch.arange(columns.start, columns.stop) + (0.5 - view.x_px)
    down = torch.arange(rows.start, rows.stop)[:, None] + (0.5 - view.y_px)
    angle = math.radians(view.angle_deg)
    cosine, sine = math.cos(angle) * 2 / view.side_px, math.sin(angle) * 2 / view.side_px
    grid = torch.stack([cosine * right - sine * down, sine * right + cosine * down], dim=-1)
    seen = F.grid_sample(one.logits[None], grid[None], padding_mode="border", align_corners=False)[0]
    is_part = 1 - seen.softmax(0)[0]
    inside = grid.abs().amax(-1) <= 1
    return seen, is_part * torch.exp(-_NARROW * grid.square().sum(-1)) * inside


@dataclass(frozen=True, eq=False)
class _Tally:
    """What is counted of one object while its rows are made."""

    n_pixels: NDArray[np.int64]
    confidences: NDArray[np.float64]
    box: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, n_parts: int) -> _Tally:
        return cls(np.zeros(n_parts, np.int64), np.zeros(n_parts))

    def add(
        self, mask: NDArray[np.bool_], labels: NDArray[np.uint8], sure: NDArray[np.float32], top: int
    ) -> None:
        chosen, n_parts = labels[mask].astype(np.intp), len(self.n_pixels)
        self.n_pixels[:] += np.bincount(chosen, minlength=n_parts)
        self.confidences[:] += np.bincount(chosen, sure[mask], n_parts)
        ys, xs = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        here = [int(xs[0]), top + int(ys[0]), int(xs[-1]) + 1, top + int(ys[-1]) + 1]
        if self.box:
            here = [min(a, b) for a, b in zip(self.box[:2], here[:2], strict=True)] + [
                max(a, b) for a, b in zip(self.box[2:], here[2:], strict=True)
            ]
        self.box[:] = here

    def as_object(self, number: int, found: Found, part_set: PartSet, n_all: int) -> FoundObject:
        left, top, right, bottom = self.box
        return FoundObject(
            number,
            found.frame,
            (left, top, right, bottom),
            found.confidence,
            tuple(
                PartArea(name, int(n), float(n / n_all), float(total / n) if n else None)
                for name, n, total in zip(part_set.names, self.n_pixels, self.confidences, strict=True)
            ),
        )
