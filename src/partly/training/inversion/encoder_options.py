"""What can be chosen about learning an encoder of a generator. Without torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from partly.errors import BadOption
from partly.storage import MOST_SEED, check_options, option

_MULTIPLE_PX = 32


@dataclass(frozen=True)
class EncoderOptions:
    """How an encoder learns which latent makes which picture."""

    n_pictures: int = option(
        10_000, "Pictures of the generator that an encoder learns from.", flag="--learn-pictures", at_least=8
    )
    n_learning_steps: int = option(5000, "Steps of learning an encoder.", flag="--learn-steps", at_least=1)
    batch_size: int = option(32, "Pictures in a step.", flag="--learn-batch", at_least=2)
    size_px: int = option(
        96,
        "Side of the pictures that an encoder reads, a multiple of 32.",
        flag="--learn-size",
        at_least=32,
        at_most=256,
    )
    rate: float = option(1e-3, "Learning rate of an encoder.", flag="--learn-rate", above=0)
    photo_changes: bool = option(
        True,
        "Pictures are changed as photos differ from them: colours, blur, JPEG.",
        flag="--photo-changes/--no-photo-changes",
    )
    picture_weight: float = option(
        0.0,
        "How much an encoder also learns from how unlike the pictures of its latents are; 0 is not at all. "
        "Slow: the generator works in every step.",
        at_least=0,
    )
    pretrained: bool = option(
        True,
        "Begin with EfficientNet-lite0 pretrained on ImageNet, where it is on this machine.",
        flag="--pretrained/--no-pretrained",
    )
    learn_seed: int = option(0, "Random seed of learning.", at_least=0, at_most=MOST_SEED)
    free: ClassVar[frozenset[str]] = frozenset({"n_learning_steps"})

    def __post_init__(self) -> None:
        check_options(self)
        if self.size_px % _MULTIPLE_PX:
            raise BadOption(f"size_px is {self.size_px}", expected=f"a multiple of {_MULTIPLE_PX}")


@dataclass(frozen=True)
class EncoderReport:
    """One step.

    Attributes:
        step: number of steps done.
        n_steps: number of steps in all.
        loss: mean square of what is wrong with a latent's numbers, in their variances; 1 knows nothing.
        pictures_per_s: pictures learned from in a second, lately.
        time_left_s: estimated time to the end.
    """

    step: int
    n_steps: int
    loss: float
    pictures_per_s: float
    time_left_s: float


OnEncoderStep = Callable[[EncoderReport], None]


def encoder_figures_text(report: EncoderReport) -> str:
    """The figures of a step in one line."""
    return (
        f"unknown of latents {report.loss:.3f}  {report.pictures_per_s:.1f} pictures/s  "
        f"{timedelta(seconds=round(report.time_left_s))} left"
    )
