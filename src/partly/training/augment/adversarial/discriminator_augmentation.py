"""What is done to all that the discriminator sees: chosen once, and in use through a training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

Change = Callable[[Tensor, torch.Generator], Tensor]


class AugmentationInUse(nn.Module):
    """An augmentation through a training; all it remembers is in its ``state_dict``.

    Args:
        change: images ``[b, 3, h, w]`` to changed ones, in this very way; None leaves them alone.
    """

    def __init__(self, change: Change | None = None) -> None:
        super().__init__()
        self._change = change

    @property
    def probability(self) -> float | None:
        """Of each change, from 0 to 1, where it adapts; None where it does not."""
        return None

    def forward(self, images: Tensor, random: torch.Generator) -> Tensor:
        """Changed images ``[b, 3, h, w]``."""
        return self._change(images, random) if self._change else images

    def watch(self, real_scores: Tensor, total: Callable[[Tensor], Tensor] = lambda seen: seen) -> None:
        """Take note of the scores of a batch of photos, once for each step of the discriminator.

        Args:
            real_scores: of this process, ``[b]``, or a map of each photo, ``[b, ...]``.
            total: gives the sum over all processes that train together.
        """


class Augmentation(Protocol):
    """What can be chosen."""

    def begin(self) -> AugmentationInUse:
        """It, at the beginning of a training."""
        ...


@dataclass(frozen=True)
class NoChange:
    """Nothing is done to what the discriminator sees."""

    def begin(self) -> AugmentationInUse:
        """As :class:`Augmentation`."""
        return AugmentationInUse()


NOTHING = NoChange()
