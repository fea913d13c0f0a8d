"""Several photos at once: while a network looks at one, others are read and written."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

import torch

from partly.machine import is_out_of_memory, one_thread

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD = 2
"""So many times as many photos as there are threads wait at most to be collected, those at work included."""


def in_order(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    at_once: int,
    alone: Callable[[Item], Result],
) -> Generator[Result, None, None]:
    """What the work makes of each item, in the order of the items, several of them at once.

    Each is done by one thread with one core: decoding, networks and compression all let go of Python's lock,
    and the bytes of results do not depend on the number of threads.
    Args:
        work: is called in threads.
        items: are taken one by one, a few ahead of the results.
        at_once: threads; 1 works in this one.
        alone: does an item anew that ran out of memory beside others, while nothing else is done; also does
            all items where one is done at a time.

    Raises:
        BaseException: what work raised; items that were begun are finished first, and no other is begun.
    """
    if at_once == 1:
        with one_thread():
            yield from map(alone, items)
        return
    waiting: deque[tuple[Item, Future[Result]]] = deque()

    def collected() -> Result:
        item, future = waiting.popleft()
        try:
            return future.result()
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
        wait([other for _, other in waiting])
        return alone(item)

    with (
        one_thread(),
        ThreadPoolExecutor(at_once, "partly-photos", lambda: torch.set_num_threads(1)) as pool,
    ):
        try:
            for item in items:
                waiting.append((item, pool.submit(work, item)))
                if len(waiting) > at_once * _AHEAD:
                    yield collected()
            while waiting:
                yield collected()
        finally:
            # After an error or Ctrl-C, what was not begun never is.
            pool.shutdown(cancel_futures=True)
