"""Work on photos in a few threads, and whose turn it is to have one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

ResultT = TypeVar("ResultT")


class Workers:
    """A few threads.

    Args:
        n: how many.

    Attributes:
        turn: is held by whoever has work done; as many have it as there are threads.
    """

    def __init__(self, n: int) -> None:
        self.turn = asyncio.Semaphore(n)
        self._pool = ThreadPoolExecutor(n, thread_name_prefix="photos")

    async def run(self, work: Callable[[], ResultT]) -> ResultT:
        """The result of some work."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Wait for what is being done."""
        self._pool.shutdown(wait=True, cancel_futures=True)
