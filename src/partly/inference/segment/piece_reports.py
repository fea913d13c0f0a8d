"""What is told of photos that are segmented in pieces, put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from partly.inference.segment.segment_photo_file import PartNetwork
from partly.inference.segment.segment_records import Progress, Summary

LoadNetwork: TypeAlias = Callable[[], PartNetwork]
"""Gives a network in a worker; can be pickled."""


@dataclass(frozen=True)
class Note:
    """What a worker has to tell people.

    Attributes:
        text: a sentence.
    """

    text: str


class PieceReports:
    """Takes the news of pieces: progress of single photos, notes, and at last a summary.

    Workers note that memory is short, each of them for each piece: people are told once. A piece that is done
    anew tells all again, and counts once.

    Args:
        n_photos: of all pieces; None: not known.
        progress: called after each photo.
        on_note: told the first note.
    """

    def __init__(
        self,
        n_photos: int | None,
        progress: Callable[[Progress], None] | None,
        on_note: Callable[[str], None] | None = None,
    ) -> None:
        self._n_photos, self._progress, self._on_note = n_photos, progress, on_note
        self._n_done: dict[str, int] = {}
        self.summaries: dict[str, Summary] = {}

    def take(self, piece: Any, news: Progress | Note | Summary) -> None:
        """News of a piece."""
        if isinstance(news, Note):
            if self._on_note:
                self._on_note(news.text)
                self._on_note = None
            return
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
            n_objects=_summed([part.n_objects for part in parts]),
            without_objects=tuple(name for part in parts for name in part.without_objects),
        )


def _summed(numbers: Sequence[int | None]) -> int | None:
    """None where objects were not looked for."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None
