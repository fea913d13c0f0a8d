"""What the routes share: the network, photos of tasks, workers, and how many requests are open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

from partly.service.answers import PhotoSegmenting, Setups, TaskPhotos
from partly.service.http.admission import Admission
from partly.service.http.work import Workers
from partly.service.service_options import ServiceOptions

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, eq=False)
class Served:
    """One network that is served.

    Attributes:
        segmenting: segments photos.
        options: what was chosen about the service.
        photos: the photos of tasks.
        setups: labelling setups that Label Studio has sent.
        workers: segment, as many photos at once as may be.
        admission: counts open requests.
        task_turn: is held for a photo of a task from before it is had until it is segmented, so that few are
            in memory, however many requests there are.
    """

    segmenting: PhotoSegmenting
    options: ServiceOptions
    photos: TaskPhotos
    setups: Setups
    workers: Workers
    admission: Admission
    task_turn: asyncio.Semaphore

    async def worked(self, request: Request, work: Callable[[], ResultT]) -> ResultT:
        """The result of work for a request, once it is its turn.

        Raises:
            ClientDisconnect: whoever asked has gone by then.
        """
        async with self.workers.turn:
            await check_is_there(request)
            return await self.workers.run(work)


async def check_is_there(request: Request) -> None:
    """Before work begins: check that somebody still waits for the answer.

    Raises:
        ClientDisconnect: whoever asked has gone.
    """
    if await request.is_disconnected():
        raise ClientDisconnect
