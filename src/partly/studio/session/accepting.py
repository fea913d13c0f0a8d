"""A prediction as labels at the picture's own size."""

from __future__ import annotations

import numpy as np
from PIL import Image

from partly.annotations import UNLABELLED, LabelMap


def enlarged(labels: LabelMap, size_px: int) -> LabelMap:
    """A label map ``[s, s]`` at another size, with smooth boundaries and no id that was not there.

    Every part's mask is interpolated bilinearly, and each pixel gets the part with the largest share.
    """
    if labels.shape == (size_px, size_px):
        return labels.copy()
    ids = [int(i) for i in np.unique(labels)]
    best = np.zeros((size_px, size_px), np.uint8)
    result = np.full((size_px, size_px), ids[0], np.uint8)
    for part in ids:
        mask = Image.fromarray((labels == part).astype(np.uint8) * 255)
        share = np.asarray(mask.resize((size_px, size_px), Image.Resampling.BILINEAR))
        is_larger = share > best
        result[is_larger] = part
        best = np.maximum(best, share)
    return result


def accepted(label_map: LabelMap, predicted: LabelMap, *, only_unlabelled: bool) -> LabelMap:
    """A label map with a prediction painted over it, or only where it is unlabelled; uint8 [h, w].

    Args:
        label_map: what was painted, uint8 [h, w].
        predicted: uint8 [s, s]; where it is unlabelled itself, the label map stays.
        only_unlabelled: leave alone what was painted.
    """
    large = enlarged(predicted, len(label_map))
    takes = large != UNLABELLED
    if only_unlabelled:
        takes &= label_map == UNLABELLED
    return np.where(takes, large, label_map)
