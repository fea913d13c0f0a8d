"""What steps learn from, made beside: the next batch is read while the network works on this one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Batch = TypeVar("Batch")


def read_ahead(read: Callable[[int], Batch], numbers: range, *, beside: bool) -> Iterator[Batch]:
    """Batches in the order of their numbers.

    Args:
        read: gives a batch, a pure function of its number.
        numbers: of the batches.
        beside: a thread reads the next one meanwhile; the batches are the same.
    """
    if not beside:
        yield from map(read, numbers)
        return
    with ThreadPoolExecutor(1) as thread:
        coming = [thread.submit(read, number) for number in numbers[:1]]
        for place in range(len(numbers)):
            batch = coming.pop().result()
            coming += [thread.submit(read, number) for number in numbers[place + 1 : place + 2]]
            yield batch
