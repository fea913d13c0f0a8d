"""Ridge regression, plain and on random cosines: in closed form, and live. No torch is imported here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from partly.fewshot.fitting.few_shot_method import FewShotMethod, FitTask, OnProgress

if TYPE_CHECKING:
    from partly.fewshot.fitting.fit_options import FewShotConfig
    from partly.fewshot.fitting.ridge_fit import RidgeFit
    from partly.fewshot.segmenters.segmenter_base import FewShotSegmenter
    from partly.models import FeaturePyramid

PENALTY, BALANCE, COORDINATE_WEIGHT = 3.0, 0.5, 10.0
"""Of plain ridge regression; docs/lab.md found them best."""

MOST_LABELS_TO_SELF_TRAIN = 3
"""With more labels, these know better than guesses on plain pictures (docs/lab.md)."""


@dataclass(frozen=True)
class RidgeMethod(FewShotMethod):
    """Ridge regression on standardised features and coordinates.

    Attributes:
        penalty: λ for one label; see :class:`partly.fewshot.fitting.RidgeFit`.
        balance: class-balance exponent; see ``part_weights``.
    """

    family: ClassVar[str] = "ridge"
    is_live: ClassVar[bool] = True
    penalty: float = PENALTY
    balance: float = BALANCE

    def segmenter_class(self) -> type[FewShotSegmenter]:
        """A linear map of features."""
        from partly.fewshot.segmenters.ridge_segmenter import RidgeSegmenter

        return RidgeSegmenter

    def untrained(
        self, n_parts: int, level_indexes: Sequence[int], n_channels: Sequence[int], config: FewShotConfig
    ) -> FewShotSegmenter:
        """With weights of 0."""
        from partly.fewshot.segmenters.ridge_segmenter import RidgeSegmenter

        if config.coordinate_weight is None:
            return RidgeSegmenter(n_parts, level_indexes, n_channels)
        return RidgeSegmenter(n_parts, level_indexes, n_channels, config.coordinate_weight)

    def running_fit(self, segmenter: FewShotSegmenter, config: FewShotConfig, grid_px: int) -> RidgeFit:
        """Running sums of the labelled pictures."""
        from partly.fewshot.fitting.ridge_fit import RidgeFit
        from partly.fewshot.segmenters.ridge_segmenter import RidgeSegmenter

        if not isinstance(segmenter, RidgeSegmenter):
            raise TypeError(f"ridge regression of a {type(segmenter).__name__}")
        penalty = self.penalty if config.penalty is None else config.penalty
        balance = self.balance if config.balance is None else config.balance
        return RidgeFit(segmenter, penalty, balance, grid_px)

    def fit(self, segmenter: FewShotSegmenter, task: FitTask, config: FewShotConfig) -> None:
        """Solve, and with few labels once more beside what it says of plain pictures."""
        from partly.fewshot.segmenters.segmenter_base import LAYOUT_PX

        fit = self.running_fit(segmenter, config, LAYOUT_PX)
        for i, (name, label_map) in enumerate(zip(task.names, task.label_maps, strict=True)):
            fit.add(name, task.pyramid_of(i), label_map)
            task.on_progress(task.title, i + 1, len(task))
        fit.solve()
        if len(task) <= MOST_LABELS_TO_SELF_TRAIN and task.n_plain:
            what = "learning from plain pictures"
            fit.self_train(counted(task.plain, task.n_plain, task.on_progress, what))


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
