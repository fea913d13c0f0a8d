"""Photos of drawn objects, with what is true of them: discs, red on their left and blue on their right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from partly.data.labels import PartSet
from partly.data.photos import Pixels
from partly.inference.find import Frame
from partly.inference.segment.segmentation import FoundObject, PartArea, Segmentation
from tests.inference.segment.networks import PART_SET

_COLOURS = np.array([(20, 30, 20), (255, 0, 0), (0, 0, 255)], np.uint8)


def segmentation_of_objects(
    height: int, width: int, frames: Sequence[Frame], part_set: PartSet = PART_SET
) -> Segmentation:
    """A segmentation that found an object in each frame, 0.8 of the frame wide; the first ones lie on top."""
    label_map, object_map = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint16)
    ys, xs = np.mgrid[0:height, 0:width] + 0.5
    for number, frame in reversed(list(enumerate(frames, 1))):
        cosine, sine = np.cos(np.deg2rad(frame.angle_deg)), np.sin(np.deg2rad(frame.angle_deg))
        right = cosine * (xs - frame.x_px) - sine * (ys - frame.y_px)
        inside = np.hypot(xs - frame.x_px, ys - frame.y_px) < 0.4 * frame.side_px
        label_map[inside] = np.where(right < 0, 1, 2)[inside]
        object_map[inside] = number
    confidence = np.full((height, width), 0.9, np.float32)
    objects = tuple(
        _found(number, frame, label_map, object_map, part_set) for number, frame in enumerate(frames, 1)
    )
    return Segmentation(label_map, confidence, part_set, objects=objects, object_map=object_map)


def photo_of_objects(segmentation: Segmentation) -> Pixels:
    """A photo of them on dark ground, uint8 ``[h, w, 3]``."""
    pixels: Pixels = _COLOURS[segmentation.label_map]
    return pixels


def _found(
    number: int, frame: Frame, label_map: np.ndarray, object_map: np.ndarray, part_set: PartSet
) -> FoundObject:
    rows, columns = np.nonzero(object_map == number)
    areas = []
    for part_id, part in enumerate(part_set.names):
        n = int(((object_map == number) & (label_map == part_id)).sum())
        areas.append(PartArea(part, n, n / label_map.size, 0.9 if n else None))
    box = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    return FoundObject(number, frame, box, round(1 - number / 1000, 3), tuple(areas))
