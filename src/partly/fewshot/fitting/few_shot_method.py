"""What every few-shot method is: how a segmenter is begun and fitted. No torch is imported here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from partly.data.labels import LabelMap
    from partly.fewshot.fitting.fit_options import FewShotConfig
    from partly.fewshot.fitting.ridge_fit import RidgeFit
    from partly.fewshot.segmenters.segmenter_base import FewShotSegmenter
    from partly.models import FeaturePyramid

OnProgress = Callable[[str, int, int], None]
"""Told what is being done, how much is done and of how much."""


@dataclass(frozen=True)
class FitTask:
    """What a method fits a segmenter on.

    Attributes:
        names: of the labelled pictures.
        label_maps: of the same, uint8 ``[h, w]``, 255 where unlabelled.
        pyramid_of: the whole pyramid of labelled picture ``i``; made again at every call.
        plain: pyramids of pictures that nobody labelled, made as they are asked for.
        n_plain: how many these are.
        title: what to tell that is being done while it is fitted on the labelled pictures.
        on_progress: told what is being done, how much is done and of how much.
    """

    names: Sequence[str]
    label_maps: Sequence[LabelMap]
    pyramid_of: Callable[[int], FeaturePyramid]
    plain: Iterator[FeaturePyramid]
    n_plain: int
    title: str
    on_progress: OnProgress

    def __len__(self) -> int:
        return len(self.names)


class FewShotMethod(ABC):
    """One way to fit a segmenter. A new one is a file, and a line in ``method_table.METHODS``.

    Attributes:
        family: how model folders name its segmenters; methods with segmenters of one class share it.
        is_live: whether it can follow the brush of the studio; see :meth:`running_fit`.
    """

    family: ClassVar[str]
    is_live: ClassVar[bool] = False

    @abstractmethod
    def segmenter_class(self) -> type[FewShotSegmenter]:
        """The class of its segmenters; built again from ``arguments()`` when a model folder is read."""

    @abstractmethod
    def untrained(
        self, n_parts: int, level_indexes: Sequence[int], n_channels: Sequence[int], config: FewShotConfig
    ) -> FewShotSegmenter:
        """A segmenter before it is fitted; it draws from the global random stream, if at all.

        Args:
            n_parts: number of parts.
            level_indexes: levels that it reads.
            n_channels: channels of these levels.
            config: the choices; what they leave open is the method's own default.
        """

    @abstractmethod
    def fit(self, segmenter: FewShotSegmenter, task: FitTask, config: FewShotConfig) -> None:
        """Fit in place.

        Args:
            segmenter: of :meth:`untrained`, its statistics and its layout set.
            task: what to fit it on.
            config: the choices.
        """

    def running_fit(self, segmenter: FewShotSegmenter, config: FewShotConfig, grid_px: int) -> RidgeFit:
        """A fit that takes labels in and out again, and is solved within a stroke.

        Args:
            segmenter: of :meth:`untrained`.
            config: the choices.
            grid_px: cells on which labels are compared.

        Raises:
            NotImplementedError: the method is not live.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot follow the brush")
