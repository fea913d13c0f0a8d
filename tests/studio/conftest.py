"""Sessions that are closed at the end of the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import torch

from partly.project.project_folder import Project
from partly.studio.session.session import Session
from tests.studio.tiny_sessions import TINY_STUDIO, add_picture


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny models are slower with several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def open_session() -> Iterator[Callable[..., Session]]:
    """Opens sessions of projects."""
    with ExitStack() as stack:
        yield lambda project, choices=TINY_STUDIO: stack.enter_context(Session(project, choices))


@pytest.fixture
def pictured_project(project: Project, generator) -> Project:
    """A project with two pictures, p0 and p1, of 64 px."""
    for index in range(2):
        add_picture(project, generator, index)
    return project


@pytest.fixture
def session(pictured_project: Project, open_session: Callable[..., Session]) -> Session:
    """A session with two pictures."""
    return open_session(pictured_project)
