"""What is told of photos that are segmented in pieces, put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from partly.inference.segment.segment_photo_file import PartNetwork
from partly.inference.segment.segment_records import Progress, Summary

LoadNetwork: TypeAlias = Callable[[], PartNetwork]
"""Gives a network in a worker; can be pickled."""


class PieceReports:
    """Takes the news of pieces: progress of single photos, and at last a summary.

    A piece that is done anew tells all again, and counts once.

    Args:
        n_photos: of all pieces; None: not known.
        progress: called after each photo.
    """

    def __init__(self, n_photos: int | None, progress: Callable[[Progress], None] | None) -> None:
        self._n_photos, self._progress = n_photos, progress
        self._n_done: dict[str, int] = {}
        self.summaries: dict[str, Summary] = {}

    def take(self, piece: Any, news: Progress | Summary) -> None:
        """News of a piece."""
        if isinstance(news, Summary):
            self.summaries[str(piece)] = news
            return
        self._n_done[str(piece)] = max(news.n_done, self._n_done.get(str(piece), 0))
        if self._progress:
            self._progress(Progress(news.name, news.state, sum(self._n_done.values()), self._n_photos))

    def summary(self, folder: Path, pieces: Sequence[str]) -> Summary:
        """All that was done here, in the order of the pieces."""
        parts = [self.summaries[piece] for piece in pieces if piece in self.summaries]
        return Summary(
            folder,
            tuple(name for part in parts for name in part.segmented),
            tuple(name for part in parts for name in part.kept),
            tuple(failure for part in parts for failure in part.failed),
            None,
            tuple(note for part in parts for note in part.mended),
        )
