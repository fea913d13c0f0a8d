"""axe-core, a checker of accessibility, finds nothing serious in the main views."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import AXE
from tests.browser.server import Server
from tests.browser.studio_page import FACE, StudioPage

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_main_views(browser: Browser, server: Server, scheme: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed. Run: make studio")
    window = {"width": 1280, "height": 800}
    context = browser.new_context(viewport=window, color_scheme=scheme, bypass_csp=True)
    studio = StudioPage(context.new_page(), server.url)
    page = studio.page
    page.goto(studio.url)
    studio.wait_until_ready()
    _check(page, "the first hint")
    page.get_by_role("button", name="Got it").click()
    studio.scribble(FACE)
    studio.wait_until_predicted()
    _check(page, "painting")
    page.keyboard.press("d")
    _check(page, "doubt")
    page.get_by_role("button", name="Other picture 2: look at it").click()
    _check(page, "a picture of the wall")
    page.keyboard.press("Escape")
    for key, view in (("?", "help"), ("r", "a part"), ("Shift+R", "a new part")):
        page.keyboard.press(key)
        page.wait_for_selector("dialog[open]")
        _check(page, view)
        page.keyboard.press("Escape")
    windows = ("More …", "Import labels", "Export labels") if scheme == "light" else ()
    for name in windows:
        page.get_by_role("button", name=name).click()
        _check(page, name)
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Finish").click()
    for step in ("Fit", "Distil", "Export", "Try it", "Segment"):
        page.locator(".step", has_text=step).click()
        _check(page, f"finish, {step}")
    context.close()


def _check(page: Page, view: str) -> None:
    page.wait_for_timeout(200)  # colours fade in
    if not page.evaluate("() => 'axe' in window"):
        page.add_script_tag(path=AXE)
    found = page.evaluate(
        """async () => {
            const place = document.querySelector("dialog[open]") ?? document;
            return (await axe.run(place, {resultTypes: ["violations"]})).violations;
        }"""
    )
    serious = [
        f"{violation['id']}: {node['html'][:160]} {node['failureSummary']}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
    assert not serious, f"{view}: " + "\n".join(serious)
