"""Work on photos in a few threads, and requests that wait for one of them."""

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
    """

    def __init__(self, n: int) -> None:
        self._pool = ThreadPoolExecutor(n, thread_name_prefix="photos")

    async def run(self, work: Callable[[], ResultT]) -> ResultT:
        """The result of some work, once it is its turn; who goes away before that is not worked for."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Wait for what is being done."""
        self._pool.shutdown(wait=True, cancel_futures=True)
