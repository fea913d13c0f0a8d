"""Panels of compositions: the photo, its truth and what was found, with the frames of the objects."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PIL import Image, ImageDraw

from experiments.anywhere.composition import Composition
from experiments.anywhere.scores import in_parts
from experiments.anywhere.segmenters import KnownSegmenter
from partly.data.labels import UNLABELLED, LabelMap, PartSet
from partly.data.photos import Pixels, grid, overlay, thumbnail
from partly.inference.find import Frame

_PANEL_PX = 256
_OPACITY = 0.6
_LINE, _TOP_LINE = (255, 255, 255), (255, 0, 0)
_NOT_COUNTED = (128, 128, 128)


def panels(segmenter: KnownSegmenter, compositions: Iterable[Composition], part_set: PartSet) -> Pixels:
    """A column for each composition: the photo, the truth with the true frames, and what was found."""
    rows: tuple[list[Pixels], ...] = ([], [], [])
    for composition in compositions:
        found = segmenter(composition)
        frames = [one.frame for one in found.objects or ()]
        shown = (
            composition.pixels,
            with_frames(_coloured(composition.pixels, composition.truth, part_set), composition.frames),
            with_frames(_coloured(composition.pixels, in_parts(found, part_set), part_set), frames),
        )
        for row, picture in zip(rows, shown, strict=True):
            row.append(thumbnail(picture, _PANEL_PX))
    return grid([picture for row in rows for picture in row], len(rows[0]))


def with_frames(pixels: Pixels, frames: Iterable[Frame]) -> Pixels:
    """The photo with the outlines of frames; the upper side of the upright object is red."""
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    width = max(2, max(pixels.shape) // 170)
    for frame in frames:
        corners = frame.corners()
        draw.line([*corners[1:], corners[0]], fill=_LINE, width=width)
        draw.line(corners[:2], fill=_TOP_LINE, width=width)
    return np.asarray(image)


def _coloured(pixels: Pixels, label_map: LabelMap, part_set: PartSet) -> Pixels:
    """The parts' colours over the photo; grey where nothing is counted."""
    counted = label_map != UNLABELLED
    shown = overlay(pixels, np.where(counted, label_map, 0).astype(np.uint8), part_set.colours, _OPACITY)
    return np.where(counted[..., None], shown, np.array(_NOT_COUNTED, np.uint8))
