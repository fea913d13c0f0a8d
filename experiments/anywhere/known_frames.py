"""What a network makes of objects whose frames are known: what finding them can reach at best."""

from __future__ import annotations

import math

import numpy as np

from experiments.anywhere.composition import Composition
from experiments.anywhere.segmenters import Segmenter
from partly.data.labels import LabelMap
from partly.inference.find import Frame, seen_in
from partly.inference.segment import Segmentation


def segment_known(segmenter: Segmenter, composition: Composition, seen_px: int) -> Segmentation:
    """Each object of a composition segmented by itself, upright; background where there is none.

    Args:
        segmenter: of photos that one object fills.
        composition: with the frames.
        seen_px: side of what the segmenter is given of each object.
    """
    found = [segmenter(seen_in(composition.pixels, frame, seen_px)) for frame in composition.frames]
    part_set = found[0].part_set
    label_map = np.full(composition.truth.shape, part_set.index("background"), np.uint8)
    for one, frame in zip(found, composition.frames, strict=True):
        put_back(one.label_map, frame, label_map)
    return Segmentation(label_map, np.ones(label_map.shape, np.float32), part_set)


def put_back(seen: LabelMap, frame: Frame, label_map: LabelMap) -> None:
    """Write a label map of what :func:`seen_in` shows of a frame to that of the photo, by nearest pixels."""
    rows, columns = np.indices(label_map.shape)
    x, y = columns + 0.5 - frame.x_px, rows + 0.5 - frame.y_px
    angle = math.radians(frame.angle_deg)
    right = math.cos(angle) * x - math.sin(angle) * y
    down = math.sin(angle) * x + math.cos(angle) * y
    size_px = len(seen)
    column, row = (np.floor((by / frame.side_px + 0.5) * size_px).astype(int) for by in (right, down))
    is_in = (row >= 0) & (row < size_px) & (column >= 0) & (column < size_px)
    label_map[is_in] = seen[row[is_in], column[is_in]]
