"""The choices about an auto-shot network that a person makes; docs/lab.md has the reasons."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from partly.autoshot import ARCHITECTURES
from partly.errors import BadOption
from partly.generators.sampling import Truncation
from partly.synthesis import SynthesisConfig
from partly.training.augmentation import Augmentation
from partly.training.auto_shot import AutoShotConfig, Stage

ENCODER_ARCHITECTURE = "lite0-unet"
_PICTURE_PX = 256
# Training goes from the one to the other to the final size; shares of the steps at each.
_FIRST_PX, _SECOND_PX = 128, 192
_TWO_SHARES = (0.7, 1 - 0.7)
_THREE_SHARES = (0.5, 0.3, 0.2)
_SECOND_ROUND_RATE_FACTOR = 0.6
_N_SEEDS = 2**31


@dataclass(frozen=True)
class DistilConfig:
    """How an auto-shot network is made.

    Attributes:
        n_pictures: generated pictures that the few-shot segmenter labels.
        size_px: side at which the network learns at last, and is best used; training begins at 128 px.
        architecture: a name of :data:`partly.autoshot.ARCHITECTURES`.
        pretrained: start the encoder from ImageNet weights; only ``lite0-unet`` has one.
        n_steps: training steps of the first round.
        batch_size: pictures in a step.
        drop_uncertain: share of the pictures that is left out, those the segmenter is least sure of.
        second_round: share of ``n_steps`` that the network is trained further, on labels that it and the
            segmenter give together; 0: not at all.
        painted_share: share of what the network learns from that are the labelled pictures themselves, with
            what was painted on them; 0: none.
        recolour_parts: probability that a part of a picture gets other colours while the network learns; 0:
            all keep theirs.
        truncation: range of the truncation factors of the pictures.
        seed: of pictures, first weights, order and augmentation.
    """

    n_pictures: int = 700
    size_px: int = 192
    architecture: str = ENCODER_ARCHITECTURE
    pretrained: bool = True
    n_steps: int = 600
    batch_size: int = AutoShotConfig.batch_size
    drop_uncertain: float = 0.0
    second_round: float = 0.0
    painted_share: float = 0.0
    recolour_parts: float = 0.0
    truncation: Truncation = field(default_factory=Truncation)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise BadOption(
                f"there is no auto-shot architecture {self.architecture!r}",
                expected=f"one of {', '.join(ARCHITECTURES)}",
            )
        if self.pretrained and self.architecture != ENCODER_ARCHITECTURE:
            raise BadOption(
                f"the architecture {self.architecture!r} has no pretrained encoder",
                expected=ENCODER_ARCHITECTURE,
            )
        if self.n_pictures < 2:
            raise BadOption(f"n_pictures is {self.n_pictures}", expected="2 or more")
        if not 0 <= self.drop_uncertain < 1:
            raise BadOption(f"drop_uncertain is {self.drop_uncertain}", expected="a share from 0 to below 1")
        if not 0 <= self.second_round < math.inf:
            raise BadOption(f"second_round is {self.second_round}", expected="a share of n_steps, 0 or more")
        if not 0 <= self.painted_share < 1:
            raise BadOption(f"painted_share is {self.painted_share}", expected="a share from 0 to below 1")
        if not 0 <= self.recolour_parts <= 1:
            raise BadOption(f"recolour_parts is {self.recolour_parts}", expected="a probability, 0 to 1")
        # Both configs check what they are given; better now than after an hour of synthesis.
        self.synthesis()
        self.training()

    def synthesis(self) -> SynthesisConfig:
        """What to synthesise; networks of up to 256 px share the same pictures, which are made once."""
        picture_px = max(_PICTURE_PX, self.size_px)
        return SynthesisConfig(
            self.n_pictures,
            size_px=picture_px,
            label_px=picture_px // 2,
            seed=self.seed,
            truncation=self.truncation,
        )

    def training(self) -> AutoShotConfig:
        """How to train: first at 128 px; above 192 px then at 192 px; last at the final size."""
        return AutoShotConfig(
            n_steps=self.n_steps,
            batch_size=self.batch_size,
            stages=self._stages(),
            augmentation=self._augmentation(),
            seed=self.seed,
        )

    def second_training(self) -> AutoShotConfig | None:
        """How to train in the second round: at the final size only, more slowly; None without one."""
        if not self.second_round:
            return None
        return AutoShotConfig(
            n_steps=max(1, round(self.second_round * self.n_steps)),
            batch_size=self.batch_size,
            stages=(Stage(1.0, self.size_px),),
            learning_rate=_SECOND_ROUND_RATE_FACTOR * AutoShotConfig.learning_rate,
            augmentation=self._augmentation(),
            # Another seed, or the same pictures would come in the same order, changed in the same ways.
            seed=(self.seed + 1) % _N_SEEDS,
        )

    def _augmentation(self) -> Augmentation:
        return Augmentation(part_probability=self.recolour_parts)

    def _stages(self) -> tuple[Stage, ...]:
        if self.size_px <= _FIRST_PX:
            return (Stage(1.0, self.size_px),)
        if self.size_px <= _SECOND_PX:
            return tuple(map(Stage, _TWO_SHARES, (_FIRST_PX, self.size_px)))
        return tuple(map(Stage, _THREE_SHARES, (_FIRST_PX, _SECOND_PX, self.size_px)))
