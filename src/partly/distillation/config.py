"""The choices about an auto-shot network that a person makes; docs/lab.md has the reasons."""

from __future__ import annotations

from dataclasses import dataclass, field

from partly.autoshot import ARCHITECTURES
from partly.errors import BadOption
from partly.generators.sampling import Truncation
from partly.synthesis import SynthesisConfig
from partly.training.auto_shot import AutoShotConfig, Stage

ENCODER_ARCHITECTURE = "lite0-unet"
_PICTURE_PX = 256
_FIRST_PX = 128
_FIRST_SHARE = 0.7


@dataclass(frozen=True)
class DistilConfig:
    """How an auto-shot network is made.

    Attributes:
        n_pictures: generated pictures that the few-shot segmenter labels.
        size_px: side at which the network learns at last, and is best used; training begins at 128 px.
        architecture: a name of :data:`partly.autoshot.ARCHITECTURES`.
        pretrained: start the encoder from ImageNet weights; only ``lite0-unet`` has one.
        n_steps: training steps.
        batch_size: pictures in a step.
        drop_uncertain: share of the pictures that is left out, those the segmenter is least sure of.
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
        """How to train: most steps at 128 px, the last ones at the final size."""
        if self.size_px <= _FIRST_PX:
            stages: tuple[Stage, ...] = (Stage(1.0, self.size_px),)
        else:
            stages = (Stage(_FIRST_SHARE, _FIRST_PX), Stage(1 - _FIRST_SHARE, self.size_px))
        return AutoShotConfig(n_steps=self.n_steps, batch_size=self.batch_size, stages=stages, seed=self.seed)
