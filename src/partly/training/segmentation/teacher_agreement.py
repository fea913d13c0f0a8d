"""How often parts occur in the teacher's labels, and how well a network agrees with them."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from partly.data.labels import confusion_matrix, mean_of_known, part_iou
from partly.errors import BadOption
from partly.losses import bias_correction
from partly.models.networks import AutoShotNetwork
from partly.training.segmentation.labelled_pictures import (
    LabelledPictures,
    asks_for_something,
    resized,
    to_images,
)
from partly.training.segmentation.sample_panels import label_maps

_N_FOR_FREQUENCIES = 256
_BATCH = 8
_FRACTIONS = tuple(tenths / 10 for tenths in range(11))


@torch.no_grad()
def part_frequencies(data: LabelledPictures, n_most: int = _N_FOR_FREQUENCIES) -> Tensor:
    """Share ``[k]`` of each part in the soft labels of up to ``n_most`` pictures, spread over ``data``.

    Raises:
        BadOption: there are no pictures.
    """
    if not len(data):
        raise BadOption("there are no labelled pictures", expected="1 or more")
    spread = np.linspace(0, len(data) - 1, min(n_most, len(data))).round().astype(int)
    total = torch.cat([_shares(data.read(chosen)[1].float()) for chosen in _batches(spread)]).sum(dim=0)
    return total / total.sum()


def _shares(logits: Tensor) -> Tensor:
    """Means ``[b, k]`` over pixels of what labels ask for."""
    return (logits.softmax(dim=1) * asks_for_something(logits)).mean(dim=(2, 3))


def agreement(network: AutoShotNetwork, data: LabelledPictures, size_px: int) -> float:
    """Pooled mean IoU, in [0, 1], of a network in eval mode with the labels of ``data`` at ``size_px``."""
    return _agreements(network, data, size_px, [torch.zeros(network.n_parts)])[0]


def best_bias_fraction(
    network: AutoShotNetwork, data: LabelledPictures, size_px: int, part_weights: Tensor
) -> float:
    """The fraction of the bias, in [0, 1], without which a network agrees best with the labels."""
    shifts = [bias_correction(part_weights, fraction) for fraction in _FRACTIONS]
    return _FRACTIONS[int(np.argmax(_agreements(network, data, size_px, shifts)))]


@torch.no_grad()
def _agreements(
    network: AutoShotNetwork, data: LabelledPictures, size_px: int, shifts: Sequence[Tensor]
) -> list[float]:
    """Agreement with each of the ``shifts [k]`` added to the logits; the network runs once."""
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    totals = [np.zeros((network.n_parts, network.n_parts), np.int64) for _ in shifts]
    for chosen in _batches(np.arange(len(data))):
        pixels, labels, _ = data.read(chosen)
        truth = label_maps(resized(labels.float(), size_px))
        images = resized(to_images(pixels), size_px).contiguous(memory_format=torch.channels_last)
        logits = network(images.to(device))
        for total, shift in zip(totals, shifts, strict=True):
            guesses = label_maps(logits + shift.view(1, -1, 1, 1).to(logits))
            total += confusion_matrix(truth, guesses, network.n_parts)
    return [mean_of_known(part_iou(total)) for total in totals]


def corrected_copy(average: AutoShotNetwork, part_weights: Tensor, bias_fraction: float) -> AutoShotNetwork:
    """A copy of a network, in eval mode, without the bias that weighted parts left in its logits."""
    corrected = copy.deepcopy(average).eval()
    corrected.shift_logits(bias_correction(part_weights, bias_fraction))
    return corrected


def _batches(indexes: np.ndarray) -> Iterator[list[int]]:
    for start in range(0, len(indexes), _BATCH):
        yield indexes[start : start + _BATCH].tolist()
