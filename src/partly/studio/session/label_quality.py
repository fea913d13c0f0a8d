"""How good the live segmenter is for each part: measured when nobody paints, and told to the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from partly.errors import BadLabel
from partly.studio.session.live_models import LiveModels
from partly.studio.session.worker import Urgency
from partly.studio.session.workspace import Workspace

if TYPE_CHECKING:
    from partly.fewshot.fitting import LabelQuality

_URGENCY = Urgency.LABEL_QUALITY


class QualityMeter:
    """Measures in the worker's thread after the last of several strokes, and stops when somebody goes on.

    Args:
        workspace: with the worker, and whom to tell.
        models: have the live segmenter.
    """

    def __init__(self, workspace: Workspace, models: LiveModels) -> None:
        self._workspace, self._models = workspace, models
        self._quality: LabelQuality | None = None
        self._version = 0

    def ask(self) -> None:
        """The segmenter was fitted again: measure once there is time."""
        self._workspace.worker.ask(_URGENCY, "label quality", self._measure)

    def clear(self) -> None:
        """There is nothing to predict any more."""
        self._keep(None)

    def to_json(self) -> dict[str, Any] | None:
        """What was measured last, as plain JSON values: also while something newer is being measured."""
        quality = self._quality
        if quality is None:
            return None
        worst = quality.worst
        return {
            "version": self._version,
            "n_labelled": quality.n_labelled,
            "parts": [
                {"part": part.part, "measure": part.measure, "iou": part.iou, "says": part.says}
                for part in quality.parts
            ],
            "worst": None if worst is None else worst.part,
        }

    def _measure(self) -> None:
        worker, pause_s = self._workspace.worker, self._workspace.choices.measure_after_s
        worker.wait_until(lambda: worker.quiet_s >= pause_s, _URGENCY)
        segmenter = self._models.segmenter
        if self._quality is not None and self._version == segmenter.version:
            return  # measured by a task that was asked for while another one waited
        try:
            quality = segmenter.quality(lambda: worker.has_more_urgent(_URGENCY))
        except BadLabel:
            return  # the labels were taken away meanwhile
        if quality is None:
            self.ask()
            return
        self._version = segmenter.version
        self._keep(quality)

    def _keep(self, quality: LabelQuality | None) -> None:
        if quality is not None or self._quality is not None:
            self._quality = quality
            self._workspace.events.send("quality", {"version": self._version})
