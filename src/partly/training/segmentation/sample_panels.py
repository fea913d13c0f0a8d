"""Sample panels: picture, teacher's labels, network's labels, side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from partly.data.labels import PartSet
from partly.data.photos import grid, overlay, write_png
from partly.training.segmentation.labelled_pictures import LabelledPictures, resized, to_images


@torch.no_grad()
def write_panel(
    path: Path, network: nn.Module, data: LabelledPictures, part_set: PartSet, size_px: int, n_rows: int = 6
) -> None:
    """Write a PNG with one row for each of the first pictures of ``data``."""
    images, logits, _ = data.read(range(min(n_rows, len(data))))
    inputs = resized(to_images(images), size_px)
    teacher = label_maps(F.interpolate(logits.float(), (size_px, size_px), mode="bilinear"))
    device = next((p.device for p in network.parameters()), inputs.device)
    predicted = label_maps(network(inputs.to(device)))
    cells = []
    for picture, truth, guess in zip(_pixels(inputs), teacher, predicted, strict=True):
        cells += [
            picture,
            overlay(picture, truth, part_set.colours, 0.6),
            overlay(picture, guess, part_set.colours, 0.6),
        ]
    captions = ["picture", "teacher", "network"] * len(inputs)
    write_png(path, grid(cells, 3, captions=captions))


def label_maps(logits: Tensor) -> NDArray[np.uint8]:
    """The likeliest part of each pixel, uint8 ``[b, h, w]``, of ``[b, k, h, w]``."""
    return logits.argmax(dim=1).to(torch.uint8).cpu().numpy()


def _pixels(images: Tensor) -> NDArray[np.uint8]:
    levels = ((images + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(levels.permute(0, 2, 3, 1).numpy())
