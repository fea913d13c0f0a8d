"""A studio on a small project, and a browser.

The tests are skipped where the built page, Playwright or Chromium is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from partly.studio.http.built_page import is_built
from tests.browser.chromium import MISSING, chromium_path, launched
from tests.browser.server import Server, free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

    from tests.browser.studio_page import StudioPage

AXE = Path(__file__).parents[2] / "studio-page" / "node_modules" / "axe-core" / "axe.min.js"
_PATIENCE_MS = 60_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or the one that PARTLY_CHROMIUM names."""
    if not is_built():
        pytest.skip("The studio's page is not built. Run: make studio")
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: make setup")
    if chromium_path() is None:
        pytest.skip(MISSING)
    playwright.expect.set_options(timeout=_PATIENCE_MS)
    with playwright.sync_playwright() as driver:
        browser = launched(driver)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A studio that all tests share; each takes a picture of its own."""
    yield from _served(tmp_path_factory.mktemp("studio"))


@pytest.fixture(scope="module")
def server_of_file(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A studio that the tests of a file share, where it matters what the tests of other files painted."""
    yield from _served(tmp_path_factory.mktemp("studio"))


@pytest.fixture
def own_server(browser: Browser, tmp_path: Path) -> Iterator[Server]:
    """A studio that a test may kill."""
    yield from _served(tmp_path)


def _served(folder: Path) -> Iterator[Server]:
    server = Server(folder / "portraits", free_port(), folder / "studio.log")
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that has never been here; what goes wrong in the page fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light")
    context.set_default_timeout(_PATIENCE_MS)
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.on("console", lambda message: errors.extend(_violations(message.text)))
    yield context
    context.close()
    assert not errors


def _violations(text: str) -> list[str]:
    """What the browser says when the page does what its security policy forbids."""
    return [text] if "Content Security Policy" in text or "Content-Security-Policy" in text else []


@pytest.fixture
def studio(context: BrowserContext, server: Server) -> StudioPage:
    """The shared studio in a new tab, on a picture that nobody has painted."""
    from tests.browser.studio_page import StudioPage

    studio = StudioPage(context.new_page(), server.url)
    studio.open()
    studio.another()
    return studio
