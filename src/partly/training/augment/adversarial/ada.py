"""Adaptive discriminator augmentation (Karras et al., NeurIPS 2020): p follows overfitting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from partly.errors import BadOption
from partly.training.augment.adversarial.colour_matrices import Colour
from partly.training.augment.adversarial.corruption import Corruption
from partly.training.augment.adversarial.discriminator_augmentation import AugmentationInUse
from partly.training.augment.adversarial.filtering import Filtering
from partly.training.augment.adversarial.geometric import Geometric


class TransformGroup(Protocol):
    """Some of the changes."""

    def __call__(self, images: Tensor, p: float, random: torch.Generator) -> Tensor:
        """Changed images ``[b, 3, h, w]``, each change with probability ``p`` times its strength."""
        ...


@dataclass(frozen=True)
class AdaTransforms:
    """All changes, in the order of the paper's appendix B; None leaves a group out.

    Gradients, first and second, go through all of them; the default is the paper's choice, "bgc".

    Attributes:
        geometric: pixel blitting and general geometric changes.
        colour: of colours.
        filtering: of coarse and fine structure.
        corruption: noise and cutout.
    """

    geometric: Geometric | None = field(default_factory=Geometric)
    colour: Colour | None = field(default_factory=Colour)
    filtering: Filtering | None = None
    corruption: Corruption | None = None

    def __call__(self, images: Tensor, p: float, random: torch.Generator) -> Tensor:
        """Changed images ``[b, 3, h, w]``; at ``p = 0`` those that came in."""
        if p <= 0:
            return images
        groups: list[TransformGroup | None] = [self.geometric, self.colour, self.filtering, self.corruption]
        # Places of pixels need all digits.
        with torch.autocast(images.device.type, enabled=False):
            for group in groups:
                if group is not None:
                    images = group(images, p, random)
        return images


_BLITS = Geometric(scale=0, rotation=0, stretch=0, fractional_shift=0)
TRANSFORMS: dict[str, AdaTransforms] = {
    "b": AdaTransforms(_BLITS, None),
    "bg": AdaTransforms(Geometric(), None),
    "bgc": AdaTransforms(),
    "bgcf": AdaTransforms(filtering=Filtering()),
    "bgcfn": AdaTransforms(filtering=Filtering(), corruption=Corruption(cutout=0)),
    "bgcfnc": AdaTransforms(filtering=Filtering(), corruption=Corruption()),
}
"""The paper's sets by its names: blitting, geometry, colour, filtering, noise, cutout."""


@dataclass(frozen=True)
class AdaptiveAugmentation:
    """How ``p`` follows overfitting: the paper's heuristic r_t (equation 1 and section 3.1).

    ``r_t = E[sign(D(photo))]`` is 0 where the discriminator knows nothing, and 1 where it is sure of
    all photos. That needs scores with a zero between photos and pictures: log-odds, or those of a hinge,
    but not the critique of a Wasserstein game.

    Attributes:
        transforms: what is done with probability ``p``.
        target: of ``r_t``; above it ``p`` grows, below it shrinks.
        every: batches of photos between changes of ``p``, over which ``r_t`` is averaged.
        n_photos: how many photos are shown while ``p`` goes from 0 to 1, if always in one direction.
        first_p: ``p`` at first, a probability from 0 to 1.
    """

    transforms: AdaTransforms = field(default_factory=AdaTransforms)
    target: float = 0.6
    every: int = 4
    n_photos: int = 500_000
    first_p: float = 0.0

    def __post_init__(self) -> None:
        if not -1 < self.target < 1:
            raise BadOption(f"target is {self.target}", expected="a mean of signs, between -1 and 1")
        if not 0 <= self.first_p <= 1:
            raise BadOption(f"first_p is {self.first_p}", expected="a probability from 0 to 1")
        for name in ("every", "n_photos"):
            if getattr(self, name) < 1:
                raise BadOption(f"{name} is {getattr(self, name)}", expected="1 or more")

    def begin(self) -> AdaptiveStrength:
        """It, at the beginning of a training."""
        return AdaptiveStrength(self)


class AdaptiveStrength(AugmentationInUse):
    """An adaptive augmentation in the course of a training; all it remembers is in its ``state_dict``.

    Args:
        choices: how it adapts.

    Attributes:
        p: probability of each change, a scalar from 0 to 1 of double precision, on the CPU.
        signs: ``[2]``, the sum of the signs of scores of photos since ``p`` last changed, and how many photos
            these were. Of a map of scores, a photo's sign is the mean over all places.
        n_batches: batches of photos seen.
    """

    p: Tensor
    signs: Tensor
    n_batches: Tensor

    def __init__(self, choices: AdaptiveAugmentation) -> None:
        super().__init__()
        self.choices = choices
        self.register_buffer("p", torch.tensor(choices.first_p, dtype=torch.float64))
        self.register_buffer("signs", torch.zeros(2))
        self.register_buffer("n_batches", torch.zeros((), dtype=torch.int64))

    @property
    def probability(self) -> float:
        """As :class:`AugmentationInUse`."""
        return float(self.p.item())

    def forward(self, images: Tensor, random: torch.Generator) -> Tensor:
        """Changed images ``[b, 3, h, w]``, at the present ``p``."""
        return self.choices.transforms(images, self.p.item(), random)

    @torch.no_grad()
    def watch(self, real_scores: Tensor, total: Callable[[Tensor], Tensor] = lambda seen: seen) -> None:
        """Take note of the scores of a batch of photos; now and then ``p`` changes.

        To be called once for each step of the discriminator, after all that uses ``p``.

        Args:
            real_scores: of this process, ``[b]``, or a map of each photo, ``[b, ...]``.
            total: gives the sum over all processes that train together.
        """
        signs = real_scores.float().sign().reshape(len(real_scores), -1).mean(dim=1)
        seen = total(torch.stack((signs.sum(), torch.full_like(signs.sum(), len(signs)))))
        self.signs = self.signs.to(seen.device) + seen
        self.n_batches += 1
        if self.n_batches.item() % self.choices.every == 0:
            self._adjust()

    def _adjust(self) -> None:
        """Move ``p`` by the number of photos, over those that it takes from 0 to 1, and forget the signs."""
        total, n = self.signs.tolist()
        direction = (total / n > self.choices.target) - (total / n < self.choices.target)
        # More than certain is not possible: beyond 1 it would only take longer to come back.
        self.p.add_(direction * n / self.choices.n_photos).clamp_(0, 1)
        self.signs.zero_()
