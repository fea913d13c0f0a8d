"""Connections whose other side may take its time, but not for ever."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from h11 import LocalProtocolError
from uvicorn.protocols.http.h11_impl import H11Protocol

IDLE_S = 30.0
_TICKS = 6


class PatientConnection(H11Protocol):
    """Is closed when for half a minute no request is under way and no answer is being taken.

    uvicorn by itself closes connections that are silent after an answer, but not those that never finish the
    head of a request, go on sending what nobody reads any more, or do not take their answer. How long the
    body of a request may take is up to who reads it.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The watch begins with the connection."""
        super().connection_made(transport)
        self._ticks = self._unsent = 0
        self._watch: asyncio.TimerHandle = self.loop.call_later(IDLE_S / _TICKS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """The watch ends with it."""
        self._watch.cancel()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """The answer to what is no HTTP; if it is the body of a request, that gets no other."""
        cycle = cast(Any, self.cycle)
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        try:
            super().send_400_response(msg)
        except LocalProtocolError:  # its answer has begun
            self.transport.abort()

    def _look(self) -> None:
        unsent = self.transport.get_write_buffer_size()
        cycle = cast(Any, self.cycle)
        is_waiting = cycle is None or cycle.response_complete
        self._ticks = self._ticks + 1 if is_waiting and unsent >= self._unsent else 0
        self._unsent = unsent
        if self._ticks >= _TICKS:
            self.transport.abort()
        else:
            self._watch = self.loop.call_later(IDLE_S / _TICKS, self._look)
