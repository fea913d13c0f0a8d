"""What is cut out of a photo and its label map for one object."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from partly.inference.find import Frame
from partly.inference.segment.segmentation import FoundObject, Segmentation

_MARGIN = 0.1  # of the box's longer side
_MOST_UPRIGHT_PX = 2048
_BACKGROUND = 0


def around_object(box: tuple[int, int, int, int], shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns of a box and a margin of a tenth of its longer side, as far as the photo reaches.

    Args:
        box: left, top, right and bottom, the last two exclusive.
        shape: of the photo, height and width first.
    """
    left, top, right, bottom = box
    margin = round(_MARGIN * max(right - left, bottom - top))
    return (
        slice(max(0, top - margin), min(shape[0], bottom + margin)),
        slice(max(0, left - margin), min(shape[1], right + margin)),
    )


def labels_of_object(segmentation: Segmentation, number: int, area: tuple[slice, slice]) -> NDArray[np.uint8]:
    """The label map in an area, uint8 ``[h, w]``, in which everything but one object is background.

    Raises:
        ValueError: of this segmentation no objects are known.
    """
    if segmentation.object_map is None:
        raise ValueError("of this segmentation no objects are known")
    labels: NDArray[np.uint8] = np.where(
        segmentation.object_map[area] == number, segmentation.label_map[area], np.uint8(_BACKGROUND)
    )
    return labels


def upright_size_px(frame: Frame) -> int:
    """Side of the picture of what a frame shows: that of the frame, at most 2048 px."""
    return min(_MOST_UPRIGHT_PX, max(1, round(frame.side_px)))


def labels_seen_in(segmentation: Segmentation, one: FoundObject, size_px: int) -> NDArray[np.uint8]:
    """The label map of an object in its frame, turned upright, uint8 ``[size_px, size_px]``.

    Each pixel has the label under its centre, where :func:`partly.inference.find.seen_in` looks too; other
    objects, and what is outside of the photo, are background.
    """
    left, top, right, bottom = one.box
    labels = labels_of_object(segmentation, one.number, (slice(top, bottom), slice(left, right)))
    (x, y), upper_right, _, lower_left = one.frame.corners()
    matrix = (
        (upper_right[0] - x) / size_px,
        (lower_left[0] - x) / size_px,
        x - left,
        (upper_right[1] - y) / size_px,
        (lower_left[1] - y) / size_px,
        y - top,
    )
    turned = Image.fromarray(labels).transform(
        (size_px, size_px), Image.Transform.AFFINE, matrix, Image.Resampling.NEAREST, fillcolor=_BACKGROUND
    )
    return np.asarray(turned)
