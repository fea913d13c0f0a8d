"""Progress on stderr: live bars on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from types import TracebackType

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from partly.synthesis.shards import SynthesisReport
from partly.training.chassis import StepReport, figures_text

_LINE_EVERY_S = 10.0


class Bars:
    """One bar for each thing that is done; use as a context manager."""

    def __init__(self) -> None:
        self._is_live = sys.stderr.isatty()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            console=Console(stderr=True, highlight=False),
            disable=not self._is_live,
        )
        self._tasks: dict[str, TaskID] = {}
        self._told_at = time.monotonic()
        self._began: dict[str, tuple[float, int]] = {}
        self._done: dict[str, int] = {}

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, title: str, done: int, total: int, figures: str | None = None) -> None:
        """So much of it is done.

        Args:
            title: what is done.
            done: how many.
            total: of how many.
            figures: more about it; None estimates the time left.
        """
        began, first = self._began.setdefault(title, (time.monotonic(), done))
        if done < self._done.get(title, 0):
            # The same thing is done once more.
            began, first = self._began[title] = (time.monotonic(), done)
        self._done[title] = done
        if figures is None and done > first:
            left_s = (time.monotonic() - began) / (done - first) * (total - done)
            figures = _left(left_s)
        figures = figures or ""
        if self._is_live:
            task = self._tasks.get(title)
            if task is None:
                task = self._tasks[title] = self._progress.add_task(title, total=total, figures="")
            self._progress.update(task, completed=done, total=total, figures=figures)
        elif done == total or time.monotonic() - self._told_at >= _LINE_EVERY_S:
            self._told_at = time.monotonic()
            click.echo(f"{title}: {done} of {total}  {figures}".rstrip(), err=True)

    def picture(self, report: SynthesisReport) -> None:
        """One more labelled picture."""
        figures = f"{report.pictures_per_s:.2f} pictures/s  {_left(report.time_left_s)}"
        self("labelling pictures", report.n_done, report.n_pictures, figures)

    def step(self, report: StepReport) -> None:
        """One more training step."""
        self("training", report.step, report.n_steps, figures_text(report))


def _left(time_s: float) -> str:
    return f"{timedelta(seconds=round(time_s))} left"
