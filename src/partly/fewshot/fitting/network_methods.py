"""The paper's MLPs and CNNs, fitted by gradient descent. No torch is imported here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from partly.fewshot.fitting.few_shot_method import FewShotMethod, FitTask

if TYPE_CHECKING:
    from partly.fewshot.fitting.fit_options import FewShotConfig
    from partly.fewshot.segmenters.segmenter_base import FewShotSegmenter


class NetworkMethod(FewShotMethod):
    """What MLPs and CNNs have alike: how they are fitted; ``FewShotConfig.gradient`` has the defaults."""

    def fit(self, segmenter: FewShotSegmenter, task: FitTask, config: FewShotConfig) -> None:
        """Adam on the cross-entropy of labelled pixels."""
        from partly.fewshot.fitting.gradient_fit import fit_by_gradient
        from partly.fewshot.segmenters.cnn_segmenter import CNNSegmenter
        from partly.fewshot.segmenters.mlp_segmenter import MLPSegmenter

        if not isinstance(segmenter, MLPSegmenter | CNNSegmenter):
            raise TypeError(f"gradient descent on a {type(segmenter).__name__}")
        balance = config.gradient.balance if config.balance is None else config.balance
        gradient = replace(config.gradient, seed=config.seed, balance=balance)
        fit_by_gradient(
            segmenter,
            task.pyramid_of,
            task.label_maps,
            gradient,
            lambda step, _loss: task.on_progress(task.title, step + 1, gradient.n_steps),
        )


@dataclass(frozen=True)
class MLPMethod(NetworkMethod):
    """A multilayer perceptron, pixel by pixel (Tritrong et al., CVPR 2021, section 4.2).

    Attributes:
        hidden: widths of its hidden layers.
    """

    family: ClassVar[str] = "mlp"
    hidden: tuple[int, ...]

    def segmenter_class(self) -> type[FewShotSegmenter]:
        """A perceptron."""
        from partly.fewshot.segmenters.mlp_segmenter import MLPSegmenter

        return MLPSegmenter

    def untrained(
        self, n_parts: int, level_indexes: Sequence[int], n_channels: Sequence[int], config: FewShotConfig
    ) -> FewShotSegmenter:
        """With random weights."""
        from partly.fewshot.segmenters.mlp_segmenter import MLPSegmenter

        segmenter = partial(MLPSegmenter, n_parts, level_indexes, n_channels, self.hidden)
        if config.coordinate_weight is None:
            return segmenter()
        return segmenter(coordinate_weight=config.coordinate_weight)


@dataclass(frozen=True)
class CNNMethod(NetworkMethod):
    """A dilated convolutional network (Tritrong et al., CVPR 2021, section 3.2).

    Attributes:
        size: "S", "M" or "L".
    """

    family: ClassVar[str] = "cnn"
    size: str

    def segmenter_class(self) -> type[FewShotSegmenter]:
        """A convolutional network."""
        from partly.fewshot.segmenters.cnn_segmenter import CNNSegmenter

        return CNNSegmenter

    def untrained(
        self, n_parts: int, level_indexes: Sequence[int], n_channels: Sequence[int], config: FewShotConfig
    ) -> FewShotSegmenter:
        """With random weights."""
        from partly.fewshot.segmenters.cnn_segmenter import CNNSegmenter

        segmenter = partial(CNNSegmenter, n_parts, level_indexes, n_channels, self.size)
        if config.coordinate_weight is None:
            return segmenter()
        return segmenter(coordinate_weight=config.coordinate_weight)
