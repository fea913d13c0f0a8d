"""Which shard holds which pictures: fixed by the number of pictures in a shard, whoever makes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_NAME = re.compile(r"pictures-(\d{6,})-(\d{6,})\.tar")


@dataclass(frozen=True, order=True)
class Span:
    """Pictures ``start`` to ``stop - 1``."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def file_name(self) -> str:
        """Name of the shard; it says first and last picture."""
        return f"pictures-{self.start:06}-{self.stop - 1:06}.tar"


def finished_spans(folder: Path) -> list[Span]:
    """The shards of a folder, in order."""
    matches = [_NAME.fullmatch(path.name) for path in folder.glob("pictures-*.tar")]
    return sorted(Span(int(m[1]), int(m[2]) + 1) for m in matches if m)


def missing_spans(n_pictures: int, pictures_per_shard: int, finished: Sequence[Span]) -> list[Span]:
    """The shards still to be made, in order, none longer than ``pictures_per_shard``."""
    missing: list[Span] = []
    for start in range(0, n_pictures, pictures_per_shard):
        stop = min(start + pictures_per_shard, n_pictures)
        missing += _gaps(Span(start, stop), finished)
    return missing


def n_finished(n_pictures: int, finished: Iterable[Span]) -> int:
    """How many of the first ``n_pictures`` are in finished shards."""
    return sum(max(0, min(span.stop, n_pictures) - span.start) for span in finished)


def _gaps(wanted: Span, finished: Sequence[Span]) -> list[Span]:
    gaps, start = [], wanted.start
    for span in finished:
        if span.stop <= start or span.start >= wanted.stop:
            continue
        if span.start > start:
            gaps.append(Span(start, span.start))
        start = span.stop
    if start < wanted.stop:
        gaps.append(Span(start, wanted.stop))
    return gaps
