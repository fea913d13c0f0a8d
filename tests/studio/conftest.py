"""A client of the application, without a network between."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from partly.labelling import Session
from partly.project import Project
from partly.studio.app import studio_app
from partly.studio.security import Security

from ..labelling.conftest import one_thread as one_thread
from ..labelling.studios import TINY_STUDIO, add_picture

ORIGIN = "http://127.0.0.1:8700"


@pytest.fixture
def pictured_project(project: Project, generator) -> Project:
    """A project with two pictures, p0 and p1, of 64 px."""
    for index in range(2):
        add_picture(project, generator, index)
    return project


@pytest.fixture
def session(pictured_project: Project) -> Iterator[Session]:
    """A session with two pictures."""
    with Session(pictured_project, TINY_STUDIO) as session:
        yield session


@pytest.fixture
def client(session: Session) -> Iterator[TestClient]:
    """The page's side of it."""
    with TestClient(studio_app(session, Security()), base_url=ORIGIN, follow_redirects=False) as client:
        yield client
