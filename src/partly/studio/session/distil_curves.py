"""What a training tells, as curves and panels."""

from __future__ import annotations

import json
from pathlib import Path

from partly.storage import complete_lines, list_runs
from partly.studio.session.job import JobReports
from partly.synthesis.distil import SECOND_ROUND_FOLDER
from partly.synthesis.shards import SynthesisReport
from partly.training.chassis import StepReport


class DistilCurves:
    """Follows labelled pictures and training steps of the latest run of ``distil``.

    Args:
        runs: the project's folder of runs.
        reports: who is told.
    """

    def __init__(self, runs: Path, reports: JobReports) -> None:
        self._runs, self._reports = runs, reports
        self._last_step = 0
        self._n_rounds = 1

    def picture(self, report: SynthesisReport) -> None:
        """One more labelled picture."""
        self._reports.progress("labelling pictures", report.n_done, report.n_pictures, report.time_left_s)

    def step(self, report: StepReport) -> None:
        """One more training step."""
        if self._last_step == 0 and report.step > 1:
            self._earlier(report.step)
        elif report.step <= self._last_step:
            self._n_rounds += 1
        self._last_step = report.step
        self._reports.progress(
            "training" + self._round, report.step, report.n_steps, time_left_s=report.time_left_s
        )
        self._point(report.step, report.loss, report.held_out_iou if report.evaluated else None)
        if report.evaluated:
            self.panels()

    def panels(self) -> None:
        """The panels that there are now, of which the last of each round matters."""
        for folder in self._folders():
            for path in sorted((folder / "panels").glob("*.png")):
                self._reports.panel(path)

    @property
    def _round(self) -> str:
        return "" if self._n_rounds == 1 else ", second round"

    def _folders(self) -> list[Path]:
        """The run and, below it, its second round."""
        runs = [run.folder for run in list_runs(self._runs) if run.verb == "distil"]
        return [runs[-1], runs[-1] / SECOND_ROUND_FOLDER] if runs else []

    def _earlier(self, before: int) -> None:
        """Steps of earlier sittings, from the log."""
        for folder in self._folders()[:1]:
            for line in complete_lines(folder / "log.jsonl"):
                entry = json.loads(line)
                if entry["step"] < before:
                    iou = entry["held_out_iou"] if entry["evaluated"] else None
                    self._point(entry["step"], entry["loss"], iou)

    def _point(self, step: int, loss: float, iou: float | None) -> None:
        self._reports.point("loss" + self._round, step, loss)
        if iou is not None:
            self._reports.point("agreement" + self._round, step, 100 * iou)
