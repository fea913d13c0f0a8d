"""What the routes share: the network, photos of tasks, workers, and how many requests are open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
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
    """

    segmenting: PhotoSegmenting
    options: ServiceOptions
    photos: TaskPhotos
    setups: Setups
    workers: Workers
    admission: Admission = field(default_factory=lambda: Admission(64))

    async def worked(self, request: Request, work: Callable[[], ResultT]) -> ResultT:
        """The result of work for a request, unless whoever asked has gone by then.

        Raises:
            ClientDisconnect: they have.
        """
        if await request.is_disconnected():
            raise ClientDisconnect
        return await self.workers.run(work)
