"""Everything random in an adversarial training: pure functions of seed, step and purpose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from partly.data.photos import PhotoClasses, PhotoSet
from partly.errors import BadOption
from partly.models.generators import Generator
from partly.storage import StepPurpose, step_seed
from partly.training.adversarial.gan_config import GanConfig
from partly.training.segmentation.labelled_pictures import BatchOrder


def random_of(
    seed: int, step: int, purpose: StepPurpose | str, part: int = 0, rank: int = 0
) -> torch.Generator:
    """A source of random numbers of its own for each purpose of each step.

    So a training that goes on after a stop draws what it would have drawn, with nothing to remember.

    Args:
        seed: of the training.
        step: from 0.
        purpose: what for; see :func:`partly.storage.step_seed`.
        part: which of several draws for the same purpose in one step.
        rank: which of several processes that train together, where each draws for its own pictures.
    """
    return torch.Generator().manual_seed(step_seed(purpose, seed, step, part, rank))


@dataclass(frozen=True)
class Turn:
    """A moment of adversarial training at which random numbers are drawn.

    Attributes:
        step: of the training, from 0.
        part: "photos", when the discriminator sees them; "discriminator", when pictures are made for it;
            "generator", when pictures are made that it learns from; "regularisation", when they are made for
            its penalties.
        index: which of several such moments of one step, from 0.
    """

    step: int
    part: Literal["photos", "discriminator", "generator", "regularisation"]
    index: int = 0


def turn_random(config: GanConfig, turn: Turn, purpose: StepPurpose | str, rank: int = 0) -> torch.Generator:
    """The source of random numbers for a purpose at a turn; ``rank`` as in :func:`random_of`."""
    return random_of(
        config.seed, turn.step, purpose, _number(turn, purpose, config.n_discriminator_steps), rank
    )


def _number(turn: Turn, purpose: str, n: int) -> int:
    """The number of a turn among those of one purpose in a step of ``n`` steps of the discriminator.

    One table, so that no two turns share a number. Latents and noise: the generator's first turn, those of
    the discriminator, regularisation, the generator's others. Augmentation: the same, photos and pictures by
    turns.
    """
    first_of_generator = turn.part == "generator" and turn.index == 0
    if purpose == "augmentation":
        numbers = {
            "photos": 1 + 2 * turn.index,
            "discriminator": 2 + 2 * turn.index,
            "generator": 2 * n + turn.index,
            "regularisation": 0,
        }
    elif purpose in ("latents", "noise"):
        numbers = {"discriminator": 1 + turn.index, "regularisation": 1 + n, "generator": 1 + n + turn.index}
    else:
        numbers = {"photos": turn.index, "discriminator": turn.index, "generator": turn.index}
    return 0 if first_of_generator else numbers[turn.part]


@dataclass(frozen=True)
class PhotoBatch:
    """What one step learns from.

    Attributes:
        photos: ``[b, 3, s, s]`` in [-1, 1].
        condition: ``[b, c]`` float32, what each photo shows, and what the picture beside it is asked to show,
            such as its class as ones and zeros. Codes are those of the pictures alone. ``c`` is 0 where there
            are neither.
    """

    photos: Tensor
    condition: Tensor

    @staticmethod
    def without_condition(photos: Tensor) -> PhotoBatch:
        """A batch of photos ``[b, ...]`` of which nothing is known."""
        return PhotoBatch(photos, photos.new_zeros(len(photos), 0))


class PhotoBatches(Protocol):
    """Real things to learn from.

    Attributes:
        digest: of all that the batches depend on.
        condition_width: values ``c`` of a photo's condition; 0 where there are none.
    """

    digest: str
    condition_width: int

    def read(self, number: int) -> PhotoBatch:
        """Batch ``number``, from 0, a pure function of the number."""
        ...


@dataclass(frozen=True)
class ConditionRamp:
    """How conditions come in, as photos are shown: not at all, then in proportion, then in full.

    Classes that count from the first step on make trainings on few photos collapse, which do well without
    (Shahbazi et al., ICLR 2022, "Collapse by Conditioning"). Conditions are multiplied by the weight, so that
    it is also that of all that is proportional to them: the class in the latents, the score of a projection,
    the term of an auxiliary classifier.

    Attributes:
        first: photos shown before conditions begin to count.
        last: photos shown after which they count in full.
    """

    first: int
    last: int

    def weight(self, n_shown: int) -> float:
        """Of conditions after so many photos, from 0 to 1."""
        return min(max((n_shown - self.first) / (self.last - self.first), 0.0), 1.0)


class SquareBatches:
    """Batches of a photo set, in one random order after another.

    Pictures are asked for the classes of the photos beside them. Drawing their classes evenly instead would
    tell photos from pictures by their classes alone wherever these are not equally frequent: scores would
    carry the logarithm of that ratio, and one that does not see the class would be wrong about both.

    Codes are drawn evenly, and photos have none: then it is known how much they could tell.

    Args:
        photos: the photos.
        batch_size: photos in a batch.
        seed: of their order.
        mirror: show half of them mirrored.
        classes: of the photos, in their order; None: they have none.
        n_codes: values of the code that pictures are asked for; 0: they have none.
        ramp: how conditions come in; None: they count in full.

    Raises:
        BadOption: there are fewer photos than a batch has, or classes and codes at once.
    """

    def __init__(
        self,
        photos: PhotoSet,
        batch_size: int,
        seed: int = 0,
        *,
        mirror: bool = True,
        classes: PhotoClasses | None = None,
        n_codes: int = 0,
        ramp: ConditionRamp | None = None,
    ) -> None:
        if classes is not None and n_codes:
            raise BadOption("codes and classes at once", expected="one of them")
        if len(photos) < batch_size:
            raise BadOption(
                f"there are {len(photos)} photos, and {batch_size} in a batch",
                expected="as many photos at the least",
                remedy="Give more photos, or a smaller batch",
            )
        self._photos, self._seed, self._mirror = photos, seed, mirror
        self._order = BatchOrder(len(photos), batch_size, seed)
        self._classes, self._n_codes, self._ramp, self._batch_size = classes, n_codes, ramp, batch_size
        self.condition_width = len(classes.names) if classes else n_codes
        self.digest = (
            f"{photos.digest}, {batch_size} a batch, seed {seed}, {'' if mirror else 'not '}mirrored"
        )
        if classes:
            self.digest += f", classes {classes.digest}"
        if n_codes:
            self.digest += f", {n_codes} codes"
        if ramp:
            self.digest += f", conditions from {ramp.first} to {ramp.last}"

    def read(self, number: int) -> PhotoBatch:
        """As :meth:`PhotoBatches.read`."""
        indexes = self._order.indexes(number)
        pixels = torch.from_numpy(np.ascontiguousarray(self._photos.squares[indexes]))
        images = pixels.permute(0, 3, 1, 2).float() / 127.5 - 1
        if self._mirror:
            mirrored = torch.rand(len(images), generator=random_of(self._seed, number, "photos")) < 0.5
            images[mirrored] = images[mirrored].flip(-1)
        return PhotoBatch(images, self._condition(number, indexes))

    def _condition(self, number: int, indexes: Sequence[int]) -> Tensor:
        """Of the photos of a batch, or of the pictures beside them, ``[b, c]``."""
        if self._n_codes:
            random = random_of(self._seed, number, "codes")
            places = torch.randint(self._n_codes, (self._batch_size,), generator=random)
        elif self._classes is not None:
            places = torch.from_numpy(self._classes.indexes[indexes])
        else:
            return torch.zeros(len(indexes), 0)
        weight = self._ramp.weight(number * self._batch_size) if self._ramp else 1.0
        return weight * F.one_hot(places, self.condition_width).float()


def mixed_latents(
    generator: Generator,
    n: int,
    mixing: float,
    random: torch.Generator,
    share: Callable[[Tensor], Tensor] = lambda drawn: drawn,
    condition: Tensor | None = None,
) -> Tensor:
    """Mapped latents ``[n, l, v]``; a share of them changes to another latent at a random layer.

    Style mixing (Karras et al., CVPR 2019, section 3.1); families without styles have one layer, and none.

    Args:
        generator: maps them.
        n: how many are drawn.
        mixing: the share that changes.
        random: where they are drawn from.
        share: takes those that are wanted out of what is drawn ``[n, ...]``.
        condition: of those that are wanted, ``[b, c]``; styles change within one condition.
    """
    w = generator.map(share(torch.randn(n, generator.z_dim, generator=random)), condition)
    if generator.n_layers == 1 or mixing == 0:
        return w
    other = generator.map(share(torch.randn(n, generator.z_dim, generator=random)), condition)
    change = torch.randint(1, generator.n_layers, (n,), generator=random)
    change[torch.rand(n, generator=random) >= mixing] = generator.n_layers
    from_other = torch.arange(generator.n_layers, device=w.device) >= share(change)[:, None]
    return torch.where(from_other[:, :, None], other, w)
