"""Which shard holds which pictures or labels: fixed by their number in a shard, whoever makes it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

Kind = Literal["pictures", "labels"]
"""What a shard holds; its name begins so."""

_NAME = re.compile(r"[a-z]+-(\d{6,})-(\d{6,})\.tar")


@dataclass(frozen=True, order=True)
class Span:
    """Pictures, or labels, ``start`` to ``stop - 1``."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def file_name(self, kind: Kind) -> str:
        """Name of the shard; it says the first and the last index."""
        return f"{kind}-{self.start:06}-{self.stop - 1:06}.tar"


@dataclass(frozen=True)
class Piece:
    """What one sitting makes, from one synthesis of each index: a shard of each kind that is missing.

    Attributes:
        span: the indexes.
        pictures: whether the pictures are missing.
        labels: whether the labels are missing.
    """

    span: Span
    pictures: bool
    labels: bool

    def __str__(self) -> str:
        return f"pictures-{self.span.start:06}-{self.span.stop - 1:06}"


def finished_spans(folder: Path, kind: Kind) -> list[Span]:
    """The shards of a folder, in order."""
    matches = [_NAME.fullmatch(path.name) for path in folder.glob(f"{kind}-*.tar")]
    return sorted(Span(int(m[1]), int(m[2]) + 1) for m in matches if m)


def missing_pieces(
    n_pictures: int, pictures_per_shard: int, pictures: Sequence[Span], labels: Sequence[Span]
) -> list[Piece]:
    """What is still to be made, in order, beside the finished shards of pictures and those of labels."""
    of_each = [missing_spans(n_pictures, pictures_per_shard, finished) for finished in (pictures, labels)]
    cuts = sorted({cut for spans in of_each for span in spans for cut in (span.start, span.stop)})
    no_picture, no_label = ({i for span in spans for i in range(span.start, span.stop)} for spans in of_each)
    pieces = [Piece(Span(*ends), ends[0] in no_picture, ends[0] in no_label) for ends in pairwise(cuts)]
    return [piece for piece in pieces if piece.pictures or piece.labels]


def missing_spans(n_pictures: int, pictures_per_shard: int, finished: Sequence[Span]) -> list[Span]:
    """The shards still to be made, in order, none longer than ``pictures_per_shard``."""
    missing: list[Span] = []
    for start in range(0, n_pictures, pictures_per_shard):
        stop = min(start + pictures_per_shard, n_pictures)
        missing += _gaps(Span(start, stop), finished)
    return missing


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
