"""Partly's ridge regression on features of ImageNet networks in place of a generator's.

These networks see photos directly: VGG16 (Simonyan and Zisserman, ICLR 2015) and the EfficientNet-lite0
that Partly's own network begins with. Fit, coordinates, self-training and standardisation are Partly's; mean
and deviation come from the labelled pictures and from generated ones without labels. Mirrored photos are
averaged in, as by Partly's network.

In favour of the rival, the penalty, and whether it trains itself, are those that are best on photos of the
choices half *with their truth*. The time of this choice is part of its time to fit.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import chain

import numpy as np
import torch
from torch import Tensor

from benchmarks.rivals.imagenet import lite0_maps, vgg16_maps
from benchmarks.rivals.protocol import PICTURE_PX, Fitted, LabelMap, Photos, Pixels, Rival, Task
from benchmarks.rivals.tensors import best_parts, images_of
from partly.data.labels import FACE_PARTS, confusion_matrix, mean_of_known, part_iou
from partly.fewshot.fitting import MOST_LABELS_TO_SELF_TRAIN, FewShotConfig, RidgeFit
from partly.fewshot.segmenters import RidgeSegmenter
from partly.models import FeaturePyramid, on_grid

PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
Maps = Callable[[Tensor], Sequence[Tensor]]
"""Images ``[b, 3, h, w]`` in [-1, 1] to maps ``[b, c_l, h_l, w_l]``, coarse to fine."""
Choice = tuple[float, bool]
"""A penalty, and whether the segmenter trained itself."""


def fit(task: Task, load: Callable[[], Maps]) -> Fitted:
    """Fit in every way and keep the one that is best on the tuning photos."""
    maps = load()
    candidates = fitted(task, maps)
    ious = tuning_ious(candidates, maps, task.tuning())
    best = max(ious, key=ious.__getitem__)
    segmenter = candidates[best]

    def predict(pixels: Pixels) -> LabelMap:
        return predicted(segmenter, maps, pixels)

    tried = {f"penalty {penalty:g}, self-training {own}": iou for (penalty, own), iou in ious.items()}
    return Fitted(predict, {"penalty": best[0], "self_training": best[1], "tuning_ious": tried})


@torch.inference_mode()
def fitted(task: Task, maps: Maps) -> dict[Choice, RidgeSegmenter]:
    """A segmenter for each penalty; where labels are few, as Partly does it, one that trained itself, too."""

    def pyramid(picture: Pixels) -> FeaturePyramid:
        return FeaturePyramid(tuple(maps(images_of(picture))))

    n_channels = [m.shape[1] for m in pyramid(task.pictures[0]).maps]
    segmenter = RidgeSegmenter(FACE_PARTS.n_parts, range(len(n_channels)), n_channels)
    plain = task.plain()
    segmenter.standardiser.estimate(pyramid(picture) for picture in chain(task.pictures, plain))
    sums = RidgeFit(segmenter)
    for i, (picture, label_map) in enumerate(zip(task.pictures, task.label_maps, strict=True)):
        sums.add(str(i), pyramid(picture), label_map)
    n_unlabelled = FewShotConfig().n_self_training if len(task.pictures) <= MOST_LABELS_TO_SELF_TRAIN else 0
    unlabelled = [_on_cells(pyramid(picture), sums.grid_px) for picture in plain[:n_unlabelled]]
    found: dict[Choice, RidgeSegmenter] = {}
    for penalty in PENALTIES:
        sums.penalty = penalty
        found[penalty, False] = copy.deepcopy(sums.solve())
        if unlabelled:
            found[penalty, True] = copy.deepcopy(sums.self_train(unlabelled))
    return found


@torch.inference_mode()
def tuning_ious(
    candidates: Mapping[Choice, RidgeSegmenter], maps: Maps, photos: Photos
) -> dict[Choice, float]:
    """Pooled mean IoU of each candidate; features are computed once."""
    n_parts = FACE_PARTS.n_parts
    totals = {choice: np.zeros((n_parts, n_parts), np.int64) for choice in candidates}
    for _, pixels, truth in photos:
        pyramid = FeaturePyramid(tuple(maps(images_of(pixels, PICTURE_PX))))
        for choice, segmenter in candidates.items():
            guess = best_parts(segmenter(pyramid, PICTURE_PX)[0], *truth.shape)
            totals[choice] += confusion_matrix(truth, guess, n_parts)
    return {choice: mean_of_known(part_iou(total)) for choice, total in totals.items()}


@torch.inference_mode()
def predicted(segmenter: RidgeSegmenter, maps: Maps, pixels: Pixels) -> LabelMap:
    """The label map of a photo, averaged with that of its mirror picture."""
    images = images_of(pixels, PICTURE_PX)
    both = segmenter(FeaturePyramid(tuple(maps(torch.cat((images, images.flip(-1)))))), PICTURE_PX)
    mirrored = both[1].flip(-1)[list(FACE_PARTS.mirror_permutation())]
    return best_parts(both[0] + mirrored, *pixels.shape[:2])


def _on_cells(pyramid: FeaturePyramid, grid_px: int) -> FeaturePyramid:
    """Levels finer than the grid averaged over its cells: all that a fit reads, in less memory."""
    return FeaturePyramid(tuple(on_grid(m, grid_px) if m.shape[-1] > grid_px else m for m in pyramid.maps))


RIVALS = {
    "vgg16-ridge": Rival(partial(fit, load=vgg16_maps)),
    "lite0-ridge": Rival(partial(fit, load=lite0_maps)),
}
