"""A progress bar for synthesis."""

from __future__ import annotations

from datetime import timedelta
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from partly.synthesis.config import SynthesisReport


class SynthesisBar:
    """A live bar with pictures a second and time left.

    Use it as a context manager and give it to the synthesis as ``on_picture``.
    """

    def __init__(self, console: Console | None = None, title: str = "labelled pictures") -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            console=console,
        )
        self._task = self._progress.add_task(title, total=None, figures="")

    def __enter__(self) -> SynthesisBar:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, report: SynthesisReport) -> None:
        """Show one picture more."""
        left = timedelta(seconds=round(report.time_left_s))
        self._progress.update(
            self._task,
            completed=report.n_done,
            total=report.n_pictures,
            figures=f"{report.pictures_per_s:.1f} pictures/s  {left} left",
        )
