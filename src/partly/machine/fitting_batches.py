"""Batches that fit into memory: halved when there is too little of it, which is said once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

import torch


class Sliceable(Protocol):
    """A list, a tuple, a range, or a tensor along its first dimension."""

    def __len__(self) -> int:
        """How many things there are."""

    def __getitem__(self, places: slice, /) -> Any:
        """Some of them, as the same kind of thing."""


Things = TypeVar("Things", bound=Sliceable)
Result = TypeVar("Result")
OnHalved = Callable[[int, str], None]
"""Told how many things a batch has from now on, and the words of the error."""
_TEXTS = ("out of memory", "not enough memory", "can't allocate memory", "failed to allocate")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory of a GPU or of the processor was too short."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error).lower() for text in _TEXTS)


class FittingBatches:
    """Does work on many things, a batch at a time; where memory is too short, on half as many from then on.

    Args:
        n: things in a batch at first.
        on_halved: told the new number, and the error's words; called once, however often it is halved.

    Attributes:
        n: things in a batch now.
    """

    def __init__(self, n: int, on_halved: OnHalved | None = None) -> None:
        if n < 1:
            raise ValueError(f"batches of {n}")
        self.n = n
        self._on_halved = on_halved

    def each(self, work: Callable[[Things], Result], things: Things) -> Iterator[tuple[Things, Result]]:
        """Batches in order, each with what the work made of it.

        Work that ran out of memory is done anew on half as much, so it must change nothing before its end.

        Raises:
            MemoryError: one thing alone is too much; so is ``torch.OutOfMemoryError``.
        """
        start = 0
        while start < len(things):
            batch: Things = things[start : start + self.n]
            try:
                result = work(batch)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error) or len(batch) == 1:
                    raise
                self._halve(len(batch), error)
                continue
            yield batch, result
            start += len(batch)

    def _halve(self, n: int, error: Exception) -> None:
        self.n = (n + 1) // 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if self._on_halved is not None:
            self._on_halved(self.n, str(error).partition("\n")[0])
            self._on_halved = None
