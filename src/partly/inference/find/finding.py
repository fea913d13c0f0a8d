"""Looking for objects in a photo: at several sizes, in tiles, each object once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from partly.data.photos import Pixels, resize_pixels
from partly.inference.find.frame import Frame, seen_in, wrapped_deg
from partly.machine import device_of
from partly.models.networks import STRIDE_PX, USUAL_SIDE_PX, FinderShape, ObjectCheck

_CANDIDATE = 0.15  # least probability of what is looked at a second time
# Of the finest sizes; a tile shows any object that is looked for at its size.
_TILE_PX, _OVERLAP_PX = 768, 256
_LARGEST = 1.4  # side of the largest objects that are looked for at a size, as a share of the finder's size
_CLOSER_PX = 128  # side of the squares in which candidates are looked at again
_CLOSER_MARGIN = 1.5  # side of these, as a multiple of the candidate's
_SURE = 0.75  # from this probability on, an object is not looked at turned
_MOVED_DEG, _MOVED_OCTAVES = 8.0, 0.2
_CLEARLY = 0.15  # turned, it must be so much surer
_TURNS = (90.0, 180.0, 270.0)
_NEARLY_UPRIGHT_DEG = 15.0
_MOST_TURNED = 50  # candidates that are, the surest
_TOGETHER = 16  # candidates that are looked at at once


class Finder(Protocol):
    """What finds objects: :class:`partly.models.networks.ObjectFinder`, or what looks like it."""

    shape: FinderShape
    check: ObjectCheck

    def __call__(self, images: Tensor, /) -> Any:
        """Images ``[b, 3, h, w]`` in [-1, 1] to maps ``[b, 6, h / 8, w / 8]``."""


@dataclass(frozen=True)
class Found:
    """An object that was found.

    Attributes:
        frame: where it stands.
        confidence: that it is one, 0 to 1.
    """

    frame: Frame
    confidence: float


@dataclass(frozen=True)
class FindOptions:
    """How objects are looked for.

    Attributes:
        smallest: side of the smallest objects that are looked for, as a share of the photo's longer side.
        least_confidence: of what is an object.
        look_again: look at each candidate a second time, closer and turned upright.
        most: objects in a photo, the surest.
        apart: two centres are of two objects from this distance on, as a share of the smaller side.
    """

    smallest: float = 0.08
    least_confidence: float = 0.42
    look_again: bool = True
    most: int = 500
    apart: float = 0.33


def find_objects(finder: Finder, pixels: Pixels, options: FindOptions | None = None) -> tuple[Found, ...]:
    """The objects in a photo, surest first.

    Args:
        finder: in eval mode.
        pixels: the photo, uint8 ``[h, w, 3]``.
        options: how.
    """
    options = options or FindOptions()
    candidates = [
        found
        for long_px in sizes_px(finder.shape, max(pixels.shape[:2]), options.smallest)
        for found in _at_size(finder, pixels, long_px)
    ]
    candidates = each_once(candidates, options.apart, 2 * options.most)
    if options.look_again:
        candidates = each_once(_looked_at_again(finder, pixels, candidates), options.apart, options.most)
    return tuple(found for found in candidates if found.confidence >= options.least_confidence)[
        : options.most
    ]


def sizes_px(shape: FinderShape, photo_px: int, smallest: float) -> tuple[int, ...]:
    """Longer sides at which a photo is looked at: the finder's, then each twice as large.

    Args:
        shape: of the finder.
        photo_px: longer side of the photo.
        smallest: as for :class:`FindOptions`.
    """
    sizes = [shape.size_px]
    while shape.smallest * shape.size_px > smallest * sizes[-1] * 1.0001 and sizes[-1] < photo_px:
        sizes.append(2 * sizes[-1])
    return tuple(sizes)


def each_once(candidates: Iterable[Found], apart: float, most: int) -> list[Found]:
    """Surest first, without those whose centre is near that of a surer one of about the same size.

    Args:
        candidates: in any order.
        apart: as for :class:`FindOptions`.
        most: that are kept, the surest.
    """
    kept: list[Found] = []
    for one in sorted(candidates, key=lambda found: -found.confidence):
        if len(kept) == most:
            break
        if not any(_is_same(one.frame, other.frame, apart) for other in kept):
            kept.append(one)
    return kept


def _is_same(one: Frame, other: Frame, apart: float) -> bool:
    small, large = sorted((one.side_px, other.side_px))
    distance = math.hypot(one.x_px - other.x_px, one.y_px - other.y_px)
    # What is found within another at a fraction of its size, such as an eye for a face, is none of its own.
    return distance < apart * small or (distance < 0.5 * large - 0.25 * small and small < 0.7 * large)


def _at_size(finder: Finder, pixels: Pixels, long_px: int) -> Iterator[Found]:
    """Candidates in a photo that is scaled so that its longer side is ``long_px``."""
    height, width = pixels.shape[:2]
    scale = long_px / max(height, width)
    shown = resize_pixels(pixels, max(1, round(width * scale)), max(1, round(height * scale)))
    largest_px = _LARGEST * finder.shape.size_px
    for top, left, tile in _tiles(shown):
        says = _says(finder, [tile])[0]
        inner = _inner(shown.shape, top, left, tile.shape)
        for one in peaks(says, _CANDIDATE):
            x, y, side = one.frame.x_px + left, one.frame.y_px + top, one.frame.side_px
            if side > largest_px or not (inner[0] <= x < inner[2] and inner[1] <= y < inner[3]):
                continue
            frame = replace(one.frame, x_px=x / scale, y_px=y / scale, side_px=side / scale)
            yield Found(frame, one.confidence)


def _tiles(shown: Pixels) -> Iterator[tuple[int, int, Pixels]]:
    """Top, left and pixels of tiles that overlap and together are the photo."""
    step = _TILE_PX - _OVERLAP_PX
    height, width = shown.shape[:2]
    for top in range(0, max(1, height - _OVERLAP_PX), step):
        for left in range(0, max(1, width - _OVERLAP_PX), step):
            yield top, left, shown[top : top + _TILE_PX, left : left + _TILE_PX]


def _inner(
    photo: tuple[int, ...], top: int, left: int, tile: tuple[int, ...]
) -> tuple[float, float, float, float]:
    """Where a tile's candidates count: up to the middle of what tiles share; left, top, right, bottom."""
    half = _OVERLAP_PX / 2
    return (
        left + half if left else -math.inf,
        top + half if top else -math.inf,
        left + tile[1] - half if left + tile[1] < photo[1] else math.inf,
        top + tile[0] - half if top + tile[0] < photo[0] else math.inf,
    )


def peaks(says: Tensor, least: float) -> Iterator[Found]:
    """Where the maps of a finder ``[6, h, w]`` have a centre, in pixels of the picture that it was shown.

    Args:
        says: the maps.
        least: probability of a centre.
    """
    heat = says[0].sigmoid()
    is_peak = (F.max_pool2d(heat[None, None], 3, 1, 1)[0, 0] == heat) & (heat >= least)
    for row, column in is_peak.nonzero().tolist():
        right, down, log_side, cosine, sine = says[1:, row, column].tolist()
        yield Found(
            Frame(
                (column + 0.5 + right) * STRIDE_PX,
                (row + 0.5 + down) * STRIDE_PX,
                USUAL_SIDE_PX * 2.0 ** max(-4.0, min(6.0, log_side)),
                math.degrees(math.atan2(sine, cosine)),
            ),
            float(heat[row, column]),
        )


def _looked_at_again(finder: Finder, pixels: Pixels, candidates: Sequence[Found]) -> Iterator[Found]:
    """Candidates as they look from near; the confidence is the mean of both looks.

    A finder knows upright objects best. One that is not surely there is looked at turned by quarters, too.
    """
    seen = _seen_nearer(finder, pixels, [one.frame for one in candidates])
    unsure = [i for i, one in enumerate(seen) if one is None or one.confidence < _SURE][:_MOST_TURNED]
    turned = {i: _turned(candidates[i].frame) for i in unsure}
    by_turn = iter(_seen_nearer(finder, pixels, [frame for frames in turned.values() for frame in frames]))
    for i, frames in turned.items():
        surest = max(
            (one for one in islice(by_turn, len(frames)) if one is not None),
            key=lambda found: found.confidence,
            default=None,
        )
        before = seen[i]
        if surest is not None and (before is None or surest.confidence > before.confidence + _CLEARLY):
            seen[i] = surest
    # What stood quite differently was seen askew: it is looked at once more, as it stands now.
    moved = {
        i: nearer
        for i, (one, nearer) in enumerate(zip(candidates, seen, strict=True))
        if nearer is not None and _has_moved(one.frame, nearer.frame)
    }
    straight = _seen_nearer(finder, pixels, [one.frame for one in moved.values()])
    for (i, askew), nearer in zip(moved.items(), straight, strict=True):
        seen[i] = nearer or askew
    for one, nearer in zip(candidates, seen, strict=True):
        if nearer is not None:
            yield Found(nearer.frame, (one.confidence + nearer.confidence) / 2)


def _turned(frame: Frame) -> list[Frame]:
    """Other ways in which an object may stand: turned by quarters, and upright, as most stand in photos."""
    turned = [replace(frame, angle_deg=frame.angle_deg + turn) for turn in _TURNS]
    is_upright = abs(wrapped_deg(frame.angle_deg)) <= _NEARLY_UPRIGHT_DEG
    return turned if is_upright else [*turned, replace(frame, angle_deg=0.0)]


def _has_moved(before: Frame, after: Frame) -> bool:
    """Whether an object stands quite differently than it was first thought to."""
    turned = abs(wrapped_deg(after.angle_deg - before.angle_deg))
    grown = abs(math.log2(after.side_px / before.side_px))
    return turned > _MOVED_DEG or grown > _MOVED_OCTAVES


def _seen_nearer(finder: Finder, pixels: Pixels, frames: Sequence[Frame]) -> list[Found | None]:
    """What is found in the middle of frames, each seen from near and turned upright; None: nothing."""
    found: list[Found | None] = []
    for start in range(0, len(frames), _TOGETHER):
        some = frames[start : start + _TOGETHER]
        views = [replace(frame, side_px=frame.side_px * _CLOSER_MARGIN) for frame in some]
        says = _says(finder, [seen_in(pixels, view, _CLOSER_PX) for view in views])
        found += [_in_the_middle(view, of_view) for view, of_view in zip(views, says, strict=True)]
    return found


def _in_the_middle(view: Frame, says: Tensor) -> Found | None:
    """The surest object near the middle of a view, in the photo."""
    middle = _CLOSER_PX / 2
    near = [
        one
        for one in peaks(says, _CANDIDATE)
        if math.hypot(one.frame.x_px - middle, one.frame.y_px - middle) < _CLOSER_PX / 5
    ]
    if not near:
        return None
    surest = max(near, key=lambda found: found.confidence)
    scale = view.side_px / _CLOSER_PX
    x, y = view.to_photo((surest.frame.x_px - middle) * scale, (surest.frame.y_px - middle) * scale)
    angle = wrapped_deg(view.angle_deg + surest.frame.angle_deg)
    return Found(Frame(x, y, surest.frame.side_px * scale, angle), surest.confidence)


def _says(finder: Finder, pictures: Sequence[Pixels]) -> Tensor:
    """Maps ``[b, 6, h, w]`` of pictures of one shape, on the processor."""
    images = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        maps: Tensor = finder(images.to(device_of(finder))).float().cpu()
    return maps
