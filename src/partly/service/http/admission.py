"""How many requests are open at a time, so that all that are taken on are answered, within memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from partly.errors import PartlyError

RETRY_AFTER_S = 1
_MOST_BYTES = 256 << 20


class Busy(PartlyError):
    """More requests than are taken on; the same one will do a little later."""


class Admission:
    """Counts open requests, and the bytes of their bodies; used from the event loop alone.

    Args:
        most_requests: that are open at a time.
        most_bytes: of all their bodies.
    """

    def __init__(self, most_requests: int, most_bytes: int = _MOST_BYTES) -> None:
        self.most_requests, self._most_bytes = most_requests, most_bytes
        self.n_requests = self.n_bytes = 0

    @contextmanager
    def taken_on(self, n_bytes: int) -> Iterator[None]:
        """One request, from before its body is read to its answer.

        Args:
            n_bytes: the most that its body can have.

        Raises:
            Busy: there are too many.
        """
        is_first = not self.n_requests
        if self.n_requests >= self.most_requests or (
            self.n_bytes + n_bytes > self._most_bytes and not is_first
        ):
            raise Busy(
                f"{self.n_requests} requests are being worked on",
                remedy=f"Try again in {RETRY_AFTER_S} s",
            )
        self.n_requests += 1
        self.n_bytes += n_bytes
        try:
            yield
        finally:
            self.n_requests -= 1
            self.n_bytes -= n_bytes
