"""Ridge regression, plain and on random cosines: in closed form, and live. No torch is imported here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from partly.fewshot.fitting.few_shot_method import FewShotMethod, FitTask, OnProgress

if TYPE_CHECKING:
    from partly.fewshot.fitting.fit_options import FewShotConfig
    from partly.fewshot.fitting.ridge_fit import RidgeFit, SelfTraining
    from partly.fewshot.segmenters.segmenter_base import FewShotSegmenter
    from partly.models import FeaturePyramid

PENALTY, BALANCE, COORDINATE_WEIGHT = 3.0, 0.5, 10.0
"""Of plain ridge regression; docs/lab.md found them best."""

PENALTY_POWER = 1.5
"""More labels need less penalty: found best were 3 for one and 0.1 for ten (docs/lab.md)."""

MOST_LABELS_TO_SELF_TRAIN = 3
"""With more labels, these know better than guesses on plain pictures (docs/lab.md)."""


@dataclass(frozen=True)
class RidgeMethod(FewShotMethod):
    """Ridge regression on standardised features and coordinates.

    Attributes:
        penalty: λ for one label; see :class:`partly.fewshot.fitting.RidgeFit`.
        balance: class-balance exponent; see ``part_weights``.
        coordinate_weight: how easily the position of a pixel is used.
        penalty_power: how the penalty falls with the number of labels.
        most_to_self_train: with more labels it does not train itself.
    """

    family: ClassVar[str] = "ridge"
    is_live: ClassVar[bool] = True
    penalty: float = PENALTY
    balance: float = BALANCE
    coordinate_weight: float = COORDINATE_WEIGHT
    penalty_power: float = PENALTY_POWER
    most_to_self_train: int | None = MOST_LABELS_TO_SELF_TRAIN

    def self_training(self, n_labels: int) -> SelfTraining:
        """How it learns from what it says of plain pictures, beside so many labelled ones."""
        del n_labels
        from partly.fewshot.fitting.ridge_fit import SelfTraining

        return SelfTraining()

    def segmenter_class(self) -> type[FewShotSegmenter]:
        """A linear map of features."""
        from partly.fewshot.segmenters.ridge_segmenter import RidgeSegmenter

        return RidgeSegmenter

    def untrained(
        self, n_parts: int, level_indexes: Sequence[int], n_channels: Sequence[int], config: FewShotConfig
    ) -> FewShotSegmenter:
        """With weights of 0."""
        from partly.fewshot.segmenters.ridge_segmenter import RidgeSegmenter

        own = self.coordinate_weight if config.coordinate_weight is None else config.coordinate_weight
        return RidgeSegmenter(n_parts, level_indexes, n_channels, own)

    def running_fit(self, segmenter: FewShotSegmenter, config: FewShotConfig, grid_px: int) -> RidgeFit:
        """Running sums of the labelled pictures."""
        from partly.fewshot.fitting.ridge_fit import RidgeFit
        from partly.fewshot.segmenters.ridge_segmenter import RidgeSegmenter

        if not isinstance(segmenter, RidgeSegmenter):
            raise TypeError(f"ridge regression of a {type(segmenter).__name__}")
        penalty = self.penalty if config.penalty is None else config.penalty
        balance = self.balance if config.balance is None else config.balance
        return RidgeFit(segmenter, penalty, balance, grid_px, self.penalty_power)

    def fit(self, segmenter: FewShotSegmenter, task: FitTask, config: FewShotConfig) -> None:
        """Solve, and with few labels once more beside what it says of plain pictures."""
        from partly.fewshot.segmenters.segmenter_base import LAYOUT_PX

        fit = self.running_fit(segmenter, config, LAYOUT_PX)
        for i, (name, label_map) in enumerate(zip(task.names, task.label_maps, strict=True)):
            fit.add(name, task.pyramid_of(i), label_map)
            task.on_progress(task.title, i + 1, len(task))
        fit.solve()
        most = self.most_to_self_train
        if task.n_plain and (most is None or len(task) <= most):
            what = "learning from plain pictures"
            plain = counted(task.plain, task.n_plain, task.on_progress, what)
            fit.self_train(plain, self.self_training(len(task)))


@dataclass(frozen=True)
class PhotoRidgeMethod(RidgeMethod):
    """Ridge regression as photos need it, read by a network that learned from millions of others.

    Its features say more of a pixel than a generator's, and less of where a part ends: the penalty is less,
    and falls more slowly with the number of labels; and what it says of other photos teaches it whatever that
    number, but only what it is sure of. Objects are anywhere, so that the position of a pixel is not used.
    """

    penalty: float = 1.0
    balance: float = 0.75
    coordinate_weight: float = 0.0
    penalty_power: float = 0.5
    most_to_self_train: int | None = None

    def self_training(self, n_labels: int) -> SelfTraining:
        """The surest 40 % of each part, of every fourth cell; all of them weigh as one label."""
        from partly.fewshot.fitting.ridge_fit import SelfTraining

        return SelfTraining(1 / (n_labels + 1), penalty_divisor=1.0, surest=0.4, every=4)


@dataclass(frozen=True)
class KernelMethod(RidgeMethod):
    """Ridge regression on random cosines beside features that are scaled otherwise than for plain ridge."""

    family: ClassVar[str] = "kernel"
    penalty: float = 2e-3

    def segmenter_class(self) -> type[FewShotSegmenter]:
        """A linear map of features and their cosines."""
        from partly.fewshot.segmenters.kernel_segmenter import KernelSegmenter

        return KernelSegmenter

    def untrained(
        self, n_parts: int, level_indexes: Sequence[int], n_channels: Sequence[int], config: FewShotConfig
    ) -> FewShotSegmenter:
        """With weights of 0, and frequencies of the config's seed."""
        from partly.fewshot.segmenters.kernel_segmenter import KernelSegmenter

        return KernelSegmenter(n_parts, level_indexes, n_channels, seed=config.seed)


def counted(
    pyramids: Iterator[FeaturePyramid], n_pictures: int, on_progress: OnProgress, what: str
) -> Iterator[FeaturePyramid]:
    """The pyramids as they come, each told once it was used."""
    for done, pyramid in enumerate(pyramids, start=1):
        yield pyramid
        on_progress(what, done, n_pictures)
