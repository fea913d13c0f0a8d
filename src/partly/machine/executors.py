"""Who does the pieces of a large work: this process, several beside it, or machines of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeAlias, TypeVar

P = TypeVar("P")

Tell: TypeAlias = Callable[[Any], None]
"""Takes news of a piece while it is done, such as the number of a picture: any value that can be pickled."""

Worker: TypeAlias = Callable[[P, Tell], None]
"""Does one piece. What it makes it writes itself, under its final name only when it is whole."""

Work: TypeAlias = Callable[[], Worker[P]]
"""Gives a worker, with whatever that loads once, such as a network; can be pickled, as pieces can."""

OnNews: TypeAlias = Callable[[P, Any], None]
"""Called with a piece and its news."""


class Executor(Protocol):
    """Does pieces in any order, each to its end at least once.

    A piece whose worker dies is done anew, by another worker, and its news come again. ``str`` of a piece
    says which it is.
    """

    def run(self, work: Work[P], pieces: Iterable[P], on_news: OnNews[P] | None = None) -> Iterator[P]:
        """Do the pieces; yields each that is done. Who stops early closes the iterator.

        Args:
            work: makes a worker.
            pieces: taken one by one as workers are free, or all at once.
            on_news: takes the news, here.

        Raises:
            PartlyError: a worker met one, or a piece ended two of its workers.
            OSError: a worker met one, e.g. a full disk.
        """


class Here:
    """This process, one piece after another."""

    def run(self, work: Work[P], pieces: Iterable[P], on_news: OnNews[P] | None = None) -> Iterator[P]:
        """See :class:`Executor`."""
        worker = work()
        for piece in pieces:

            def tell(value: Any, piece: P = piece) -> None:
                if on_news:
                    on_news(piece, value)

            worker(piece, tell)
            yield piece
