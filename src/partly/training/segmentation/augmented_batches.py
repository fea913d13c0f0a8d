"""Augmented batches, on the device that trains; the next is made while the network works on this one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from partly.machine import CPU, Ranks
from partly.storage import tensor_seed
from partly.training.augment.segmentation import augment
from partly.training.chassis.reading_ahead import read_ahead
from partly.training.segmentation.auto_shot_config import AutoShotConfig, size_at
from partly.training.segmentation.labelled_pictures import (
    BatchOrder,
    LabelledPictures,
    asks_for_something,
    to_images,
)

Read = tuple[Tensor, Tensor, Tensor]
"""Images uint8 ``[b, 3, s, s]``, logits ``[b, k, t, t]``, weights ``[b]``."""


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

    def share(self, ranks: Ranks) -> Batch:
        """This process's part of it."""
        tensors = (self.images, self.labels, self.mask, self.weights)
        return Batch(self.step, *(ranks.share(tensor) for tensor in tensors))


def augmented_batches(
    data: LabelledPictures,
    config: AutoShotConfig,
    mirror_permutation: tuple[int, ...],
    first_step: int,
    device: torch.device = CPU,
) -> Iterator[Batch]:
    """Batches of the steps from ``first_step`` on, each a pure function of data, config and step.

    The processor reads and augments the next batch while the network works on this one; for other devices it
    reads, and they augment. Random numbers are the same for all.
    """
    order = BatchOrder(len(data), config.batch_size, config.seed)
    steps = range(first_step, config.n_steps)

    def read(step: int) -> Read:
        return data.read(order.indexes(step))

    def changed(step: int, read: Read) -> Batch:
        return _augmented(step, read, config, mirror_permutation)

    if device.type == "cpu":
        yield from read_ahead(lambda step: changed(step, read(step)), steps, beside=True)
        return
    for step, batch in zip(steps, read_ahead(read, steps, beside=True), strict=True):
        pixels, logits, weights = (tensor.to(device) for tensor in batch)
        yield changed(step, (pixels, logits, weights))


def _augmented(step: int, read: Read, config: AutoShotConfig, mirror_permutation: tuple[int, ...]) -> Batch:
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
