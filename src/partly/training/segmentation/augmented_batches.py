"""Augmented batches; the next is made while the network works on this one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

from partly.storage import tensor_seed
from partly.training.augment.segmentation import augment
from partly.training.segmentation.auto_shot_config import AutoShotConfig, size_at
from partly.training.segmentation.labelled_pictures import (
    BatchOrder,
    LabelledPictures,
    asks_for_something,
    to_images,
)


@dataclass(frozen=True)
class Batch:
    """What one step sees.

    Attributes:
        step: its number, from 0.
        images: ``[b, 3, s, s]`` in [-1, 1], channels last.
        labels: probabilities ``[b, k, s, s]``.
        mask: ``[b, 1, s, s]`` in [0, 1]; 0 where a pixel does not count.
        weights: ``[b]``.
    """

    step: int
    images: Tensor
    labels: Tensor
    mask: Tensor
    weights: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        tensors = (self.images, self.labels, self.mask, self.weights)
        return Batch(self.step, *(tensor.to(device) for tensor in tensors))


def augmented_batches(
    data: LabelledPictures, config: AutoShotConfig, mirror_permutation: tuple[int, ...], first_step: int
) -> Iterator[Batch]:
    """Batches of the steps from ``first_step`` on, each a pure function of data, config and step."""
    order = BatchOrder(len(data), config.batch_size, config.seed)

    def prepare(step: int) -> Batch:
        return _augmented(step, data.read(order.indexes(step)), config, mirror_permutation)

    with ThreadPoolExecutor(1) as beside:
        coming = [beside.submit(prepare, step) for step in range(first_step, config.n_steps)[:1]]
        for step in range(first_step, config.n_steps):
            batch = coming.pop().result()
            if step + 1 < config.n_steps:
                coming.append(beside.submit(prepare, step + 1))
            yield batch


def _augmented(
    step: int,
    read: tuple[Tensor, Tensor, Tensor],
    config: AutoShotConfig,
    mirror_permutation: tuple[int, ...],
) -> Batch:
    pixels, logits, weights = read
    images, labels, mask = augment(
        to_images(pixels),
        logits.float() / config.label_temperature,
        size_px=size_at(step, config.n_steps, config.stages),
        augmentation=config.augmentation,
        mirror_permutation=mirror_permutation,
        generator=torch.Generator().manual_seed(tensor_seed("augmentation", config.seed, step)),
    )
    images = images.contiguous(memory_format=torch.channels_last)
    return Batch(step, images, labels.softmax(dim=1), mask * asks_for_something(labels), weights)
