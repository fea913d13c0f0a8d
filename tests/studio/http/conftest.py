"""A client of the application, without a network between."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from partly.studio.http.serving import studio_app
from partly.studio.session.session import Session
from partly.web.security import Security

ORIGIN = "http://127.0.0.1:8700"


@pytest.fixture
def client(session: Session) -> Iterator[TestClient]:
    """The page's side of it."""
    with TestClient(studio_app(session, Security()), base_url=ORIGIN, follow_redirects=False) as client:
        yield client
