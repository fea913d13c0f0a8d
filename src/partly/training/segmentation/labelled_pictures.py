"""Where labelled pictures come from, and which ones a step sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from partly.machine import where_able
from partly.storage import shuffle_stream

# Differences of labels that are even, but for rounding.
_EVEN = 1e-4


def to_images(pixels: Tensor) -> Tensor:
    """uint8 ``[b, 3, h, w]`` to float32 in [-1, 1]."""
    return pixels.float().div_(127.5).sub_(1)


def resized(maps: Tensor, size_px: int) -> Tensor:
    """``[b, c, s, s]`` to ``[b, c, size_px, size_px]``: means of blocks where they fit, else antialiased."""
    side = maps.shape[-1]
    if side == size_px:
        return maps
    if side % size_px == 0:
        return F.avg_pool2d(maps, side // size_px)
    if side < size_px:
        return F.interpolate(maps, (size_px, size_px), mode="bilinear")
    smaller = F.interpolate(where_able(maps), (size_px, size_px), mode="bilinear", antialias=True)
    return smaller.to(maps.device)


def asks_for_something(labels: Tensor) -> Tensor:
    """Where labels ask for anything, of 0 and 1 ``[b, 1, t, t]``: even ones stand where nobody said anything.

    Args:
        labels: logits or probabilities ``[b, k, t, t]``.
    """
    highest, lowest = labels.amax(1, keepdim=True), labels.amin(1, keepdim=True)
    return ((highest - lowest) > _EVEN).float()


class LabelledPictures(Protocol):
    """Pictures with soft labels, read by index; the whole of it need never be in memory.

    Pixels whose labels are even ask for nothing: nothing is learned from them.
    """

    def __len__(self) -> int:
        """Number of pictures."""
        ...

    def read(self, indexes: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Some pictures.

        Returns:
            Images uint8 ``[b, 3, s, s]``, logits float16 or float32 ``[b, k, t, t]``, weights ``[b]``.
        """
        ...


@dataclass(frozen=True)
class ArrayPictures:
    """Labelled pictures in memory.

    Attributes:
        images: uint8 ``[n, 3, s, s]``.
        logits: float16 or float32 ``[n, k, t, t]``; their softmax is the label.
        weights: ``[n]``; None weights all alike.
    """

    images: Tensor
    logits: Tensor
    weights: Tensor | None = None

    def __len__(self) -> int:
        return len(self.images)

    def read(self, indexes: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        """As :meth:`LabelledPictures.read`."""
        chosen = torch.as_tensor(list(indexes))
        weights = torch.ones(len(indexes)) if self.weights is None else self.weights[chosen]
        return self.images[chosen], self.logits[chosen], weights


@dataclass(frozen=True)
class SomePictures:
    """The pictures of ``data`` with the given indexes."""

    data: LabelledPictures
    indexes: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.indexes)

    def read(self, indexes: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        """As :meth:`LabelledPictures.read`."""
        return self.data.read([self.indexes[i] for i in indexes])


def hold_out(data: LabelledPictures, n_held_out: int, seed: int) -> tuple[SomePictures, SomePictures]:
    """Split pictures at random, but the same way for the same seed: (for training, held out)."""
    order = shuffle_stream("hold out", seed).permutation(len(data)).tolist()
    return SomePictures(data, tuple(sorted(order[n_held_out:]))), SomePictures(
        data, tuple(sorted(order[:n_held_out]))
    )


class BatchOrder:
    """Which pictures each step sees: one random order after another, a pure function of seed and step."""

    def __init__(self, n_pictures: int, batch_size: int, seed: int) -> None:
        self.n_pictures, self.batch_size, self.seed = n_pictures, batch_size, seed
        self._round, self._order = -1, np.empty(0, np.int64)

    def indexes(self, step: int) -> list[int]:
        """Indexes of the pictures of ``step``, which counts from 0."""
        start = step * self.batch_size
        return [self._at(place) for place in range(start, start + self.batch_size)]

    def _at(self, place: int) -> int:
        number, within = divmod(place, self.n_pictures)
        if number != self._round:
            self._round = number
            self._order = shuffle_stream("order", self.seed, number).permutation(self.n_pictures)
        return int(self._order[within])
