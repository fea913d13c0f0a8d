"""The choices about an auto-shot network that a user makes; docs/lab.md has the reasons. Without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from partly.errors import BadOption
from partly.models.generators import Truncation
from partly.storage import MOST_SEED, check_options, option

if TYPE_CHECKING:
    from partly.synthesis.shards.synthesis_config import SynthesisConfig
    from partly.training.augment.segmentation import Augmentation
    from partly.training.segmentation import AutoShotConfig, Stage

ENCODER_ARCHITECTURE = "lite0-unet"
ARCHITECTURE_NAMES = ("unet-small", "unet-medium", "unet-paper", ENCODER_ARCHITECTURE)
"""The names of :data:`partly.models.networks.ARCHITECTURES`, without what builds them."""

_PICTURE_PX = 256
# An encoder sees pictures as large as it sees photos, and not enlarged ones.
_BEST_PICTURE_PX = 512
# Training goes from the one to the other to the final size; shares of the steps at each.
_FIRST_PX, _SECOND_PX = 128, 192
_TWO_SHARES = (0.7, 1 - 0.7)
_THREE_SHARES = (0.5, 0.3, 0.2)
_SECOND_ROUND_RATE_FACTOR = 0.6


@dataclass(frozen=True)
class DistilConfig:
    """How an auto-shot network is made.

    Raises:
        BadOption: a value that cannot be, or an encoder for an architecture that has none.
    """

    n_pictures: int = option(
        700,
        "Generated pictures that the few-shot segmenter labels and the network is trained on.",
        at_least=2,
        in_project=True,
        in_form=True,
    )
    size_px: int = option(
        192,
        "Final training size of the network in pixels, at which it is best used; training begins at 128.",
        flag="--size",
        at_least=32,
        in_project=True,
        in_form=True,
    )
    architecture: str = option(
        ENCODER_ARCHITECTURE,
        "Architecture of the network.",
        choices=ARCHITECTURE_NAMES,
        in_project=True,
        in_form=True,
    )
    pretrained: bool = option(
        True,
        "Start from ImageNet weights (lite0-unet only; partly get efficientnet-lite0), or from scratch.",
        flag="--pretrained/--from-scratch",
        in_project=True,
    )
    n_steps: int = option(
        600, "Training steps of the first round.", flag="--steps", at_least=1, in_project=True, in_form=True
    )
    batch_size: int = option(8, "Pictures per step.", flag="", at_least=2)
    drop_uncertain: float = option(
        0.0,
        "Share of the pictures to leave out: those about which the segmenter is least certain.",
        what="a share",
        at_least=0,
        below=1,
        in_project=True,
    )
    second_round: float = option(
        0.0,
        "Second round, as a share of the steps: train on soft predictions of segmenter and network together.",
        what="a share of n_steps",
        at_least=0,
        in_project=True,
        in_form=True,
    )
    painted_share: float = option(
        0.0,
        "Share of the training pictures that are the labelled pictures themselves, with what was painted on "
        "them; 0: none. Of n labelled photos in a project without a generator, n / (n + 2) at most.",
        what="a share",
        at_least=0,
        below=1,
        in_project=True,
    )
    painted_photo_share: float = option(
        0.7,
        "Share of the training pictures that are painted photos, in a project with a generator and painted "
        "photos: of the second round, or of the first where there is no second; 0: none.",
        what="a share",
        at_least=0,
        below=1,
        in_project=True,
    )
    recolour_parts: float = option(
        0.0,
        "Probability that augmentation recolours a part of a picture; 0: never.",
        what="a probability",
        at_least=0,
        at_most=1,
        in_project=True,
    )
    best: bool = option(
        False,
        "Make a second, better network too, with a network that reads photos inside: about a second a photo.",
        flag="--best/--fast-only",
        in_project=True,
        in_form=True,
    )
    anywhere: bool = option(
        False,
        "Make an object finder too, with which photos are segmented wherever, however large, at whatever "
        "angle and however many the objects in them are: partly segment --anywhere.",
        flag="--anywhere/--no-anywhere",
        in_project=True,
        in_form=True,
    )
    finder_steps: int = option(1600, "Training steps of the object finder.", at_least=1, in_project=True)
    truncation: Truncation = option(
        Truncation(),
        "Range of the generated pictures' truncation: 0 is the mean picture, 1 is no truncation. Lower ones "
        "help where many pictures are broken.",
        at_least=0,
        at_most=2,
        in_project=True,
    )
    seed: int = option(
        0,
        "Random seed of pictures, initial weights, order and augmentation.",
        at_least=0,
        at_most=MOST_SEED,
        in_project=True,
    )

    def __post_init__(self) -> None:
        check_options(self)
        if self.pretrained and self.architecture != ENCODER_ARCHITECTURE:
            raise BadOption(
                f"the architecture {self.architecture!r} has no pretrained encoder",
                expected=ENCODER_ARCHITECTURE,
            )

    def synthesis(self) -> SynthesisConfig:
        """What to synthesise; networks of up to 256 px share the same pictures, which are made once."""
        from partly.synthesis.shards.synthesis_config import SynthesisConfig

        picture_px = max(_PICTURE_PX, self.size_px)
        return SynthesisConfig(
            self.n_pictures,
            size_px=max(_BEST_PICTURE_PX, picture_px) if self.best else picture_px,
            label_px=picture_px // 2,
            seed=self.seed,
            truncation=self.truncation,
        )

    def training(self) -> AutoShotConfig:
        """How to train: first at 128 px; above 192 px then at 192 px; last at the final size."""
        from partly.training.segmentation import AutoShotConfig

        return AutoShotConfig(
            n_steps=self.n_steps,
            batch_size=self.batch_size,
            stages=self._stages(),
            augmentation=self._augmentation(),
            seed=self.seed,
        )

    def second_training(self) -> AutoShotConfig | None:
        """How to train in the second round: at the final size only, more slowly; None without one."""
        from partly.training.segmentation import AutoShotConfig, Stage

        if not self.second_round:
            return None
        return AutoShotConfig(
            n_steps=max(1, round(self.second_round * self.n_steps)),
            batch_size=self.batch_size,
            stages=(Stage(1.0, self.size_px),),
            learning_rate=_SECOND_ROUND_RATE_FACTOR * AutoShotConfig.learning_rate,
            augmentation=self._augmentation(),
            # Another seed, or the same pictures would come in the same order, changed in the same ways.
            seed=(self.seed + 1) % (MOST_SEED + 1),
        )

    def _augmentation(self) -> Augmentation:
        from partly.training.augment.segmentation import Augmentation

        return Augmentation(part_probability=self.recolour_parts)

    def _stages(self) -> tuple[Stage, ...]:
        from partly.training.segmentation import Stage

        if self.size_px <= _FIRST_PX:
            return (Stage(1.0, self.size_px),)
        if self.size_px <= _SECOND_PX:
            return tuple(map(Stage, _TWO_SHARES, (_FIRST_PX, self.size_px)))
        return tuple(map(Stage, _THREE_SHARES, (_FIRST_PX, _SECOND_PX, self.size_px)))


FROM_PHOTOS = DistilConfig(painted_share=0.85, second_round=0.5)
"""The best known choices for a teacher that reads photos: it knows less than the labels (docs/lab.md)."""


def completed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of :class:`DistilConfig`; unless they say so, only an encoder that can be pretrained is."""
    if "architecture" not in values or "pretrained" in values:
        return dict(values)
    return {**values, "pretrained": values["architecture"] == ENCODER_ARCHITECTURE}


@dataclass(frozen=True)
class Effort:
    """One dial that sets several choices.

    Attributes:
        says: what it is for.
        at_most: numbers that are no larger with it.
        at_least: numbers that are no smaller with it.
    """

    says: str
    at_most: Mapping[str, float] = field(default_factory=dict)
    at_least: Mapping[str, float] = field(default_factory=dict)

    def applied(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values of :class:`DistilConfig` with this effort."""
        low = {name: min(values[name], most) for name, most in self.at_most.items()}
        return {**values, **low, **{name: max(values[name], least) for name, least in self.at_least.items()}}


EFFORTS: Mapping[str, Effort] = MappingProxyType(
    {
        "quick": Effort(
            "a first look at what comes out",
            at_most={"n_pictures": 100, "n_steps": 150, "finder_steps": 300},
        ),
        "usual": Effort("as project.toml says"),
        "thorough": Effort(
            "the best masks",
            at_least={"n_pictures": 1200, "size_px": 256, "n_steps": 1400, "second_round": 0.2},
        ),
    }
)
"""By name. "thorough" is the long run that docs/results.md tells of."""


@dataclass(frozen=True)
class DistilRequest:
    """How an auto-shot network is asked for; what comes of it depends on :class:`DistilConfig` alone."""

    effort: str = option(
        "usual",
        "How much work to put in: "
        + "; ".join(f"{name}: {effort.says}" for name, effort in EFFORTS.items())
        + ". Options given explicitly take precedence.",
        choices=EFFORTS,
        in_form=True,
    )
    n_workers: int | None = option(
        None, "Processes that make pictures.", flag="--workers", at_least=1, in_form=False
    )
    again: bool = option(False, "Start a new training even if one with these choices exists.")

    def __post_init__(self) -> None:
        check_options(self)
