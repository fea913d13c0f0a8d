"""A service of a tiny network, and clients of it without a network between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import numpy as np
import pytest
from starlette.testclient import TestClient

from partly.data.photos.encoding import encode_png
from partly.inference.segment.segment_options import ViewOptions
from partly.service.answers.segmenting_photos import PhotoSegmenting, photo_segmenting
from partly.service.answers.task_photos import TaskPhotos
from partly.service.http.service_server import served_network, service_app
from partly.service.http.what_is_served import Served
from partly.service.http.work import Workers
from partly.service.service_options import ServiceOptions
from partly.web.security import Security
from tests.inference.conftest import Exported, export, small

__all__ = ["export", "small"]

ADDRESS = "http://127.0.0.1:9090"


def photo_bytes(height: int = 40, width: int = 60, seed: int = 0) -> bytes:
    """A PNG of blocks in which a tiny network sees several parts."""
    blocks = np.random.default_rng(seed).integers(0, 256, (-(-height // 8), -(-width // 8), 3))
    return encode_png(blocks.repeat(8, 0).repeat(8, 1)[:height, :width].astype(np.uint8))


@pytest.fixture(scope="session")
def segmenting(export: Callable[[str], Exported]) -> PhotoSegmenting:
    """The smallest network, exported."""
    file = export("unet-small").file.path
    return photo_segmenting(file, ViewOptions(), max_pixels=1_000_000, at_once=2)


@pytest.fixture
def serve(segmenting: PhotoSegmenting) -> Iterator[Callable[..., Served]]:
    """Makes what the routes share."""
    with closing(Workers(2)) as workers:

        def served(photos: TaskPhotos | None = None, **options: object) -> Served:
            return served_network(segmenting, ServiceOptions(**options), photos or TaskPhotos(), workers)

        yield served


@pytest.fixture
def client(serve: Callable[..., Served]) -> Iterator[TestClient]:
    """A client of a service with usual options."""
    with TestClient(service_app(serve(), Security(port=9090)), base_url=ADDRESS) as client:
        yield client
