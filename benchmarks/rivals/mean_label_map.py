"""The trivial rival: every photo gets the mean of the labels, whatever it shows."""

from __future__ import annotations

import torch

from benchmarks.rivals.protocol import Fitted, LabelMap, Pixels, Rival, Task
from benchmarks.rivals.tensors import best_parts
from partly.data.labels import FACE_PARTS
from partly.fewshot.fitting import shares


def fit(task: Task) -> Fitted:
    """The part that covers most of each pixel in the labels on average."""
    side = task.label_maps.shape[-1]
    covered = torch.stack([shares(label_map, FACE_PARTS.n_parts, side) for label_map in task.label_maps])
    mean = covered.mean(0).T.reshape(FACE_PARTS.n_parts, side, side)

    def predict(pixels: Pixels) -> LabelMap:
        return best_parts(mean, *pixels.shape[:2])

    return Fitted(predict)


RIVALS = {"mean-label-map": Rival(fit)}
