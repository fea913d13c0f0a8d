from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from partly.data.portraits.portrait import draw_portrait
from tests.browser.server import Server
from tests.browser.studio_page import ALL_BUT_EARS, StudioPage, expect

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

TINY = {"n_pictures": 8, "n_steps": 6, "size_px": 64, "architecture": "unet-small", "pretrained": False}


_JOB_MS = 240_000
_DROP = """files => {
    const dataTransfer = new DataTransfer();
    for (const [name, bytes] of Object.entries(files)) {
        dataTransfer.items.add(new File([new Uint8Array(bytes)], name, {type: "image/png"}));
    }
    window.dispatchEvent(new DragEvent("drop", {dataTransfer, bubbles: true, cancelable: true}));
}"""
"""Drops files, bytes by name, onto the page."""


@pytest.fixture(scope="module")
def finished(browser: Browser, server_of_file: Server) -> Server:
    """A studio without a painted ear, with a network that was fitted, distilled and exported on its page."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(60_000)
    studio = StudioPage(context.new_page(), server_of_file.url)
    studio.open()
    studio.another()
    studio.scribble(ALL_BUT_EARS)
    studio.wait_until_saved()
    page = studio.page
    page.get_by_role("button", name="Finish").click()
    page.get_by_role("button", name="Fit", exact=False).click()
    expect(page.get_by_text("Not painted anywhere yet: ear.")).to_be_visible()
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".step.done", has_text="Fit")).to_be_visible(timeout=_JOB_MS)
    page.locator(".step", has_text="Distil").click()
    # What a project of drawn portraits does, and not what others do.
    expect(page.get_by_text("500 pictures, 600 steps at 128 px and a second round: ")).to_be_visible()
    expect(page.get_by_role("button", name="Start")).to_be_enabled()
    studio.post("/api/jobs", {"verb": "distil", "options": TINY})
    expect(page.locator(".step.done", has_text="Distil")).to_be_visible(timeout=_JOB_MS)
    expect(page.locator(".curve").first).to_be_visible()
    page.locator(".step", has_text="Export").click()
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".step.done", has_text="Export")).to_be_visible(timeout=_JOB_MS)
    expect(page.get_by_text("Save the file")).to_be_visible()
    context.close()
    return server_of_file


def test_a_dropped_photo_is_segmented_in_the_browser(context: BrowserContext, finished: Server) -> None:
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    page.goto(finished.url)
    page.wait_for_selector(".layer-painted:not([hidden])")
    page.evaluate(_DROP, {"me.png": list(_photo())})
    expect(page.get_by_text("The photo has not left this page.")).to_be_visible(timeout=60_000)
    expect(page.locator(".try-legend li").first).to_be_visible()
    assert not any("/api/segment" in line for line in asked)
    assert not any(line.startswith("POST") and "/open" not in line for line in asked)
    assert all(line.split()[1].startswith((finished.url, "blob:")) for line in asked)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save parts").click()
    with Image.open(download.value.path()) as parts:
        assert parts.size == (96, 128)


def test_several_dropped_photos_are_segmented_on_the_server(
    context: BrowserContext, finished: Server
) -> None:
    page = context.new_page()
    page.goto(finished.url)
    page.wait_for_selector(".layer-painted:not([hidden])")
    page.evaluate(_DROP, {"one.png": list(_photo()), "two.png": list(_photo()), "three.png": [1, 2, 3]})
    expect(page.get_by_text("Added 2 photos.")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("three.png")).to_be_visible()
    expect(page.get_by_text("2 photos in ")).to_be_visible()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("segmented 2 photos")).to_be_visible(timeout=_JOB_MS)
    expect(page.locator(".step", has_text="Segment").locator(".step-state", has_text="done")).to_be_visible()


def test_the_camera_is_segmented_live(context: BrowserContext, finished: Server) -> None:
    page = context.new_page()
    page.goto(finished.url)
    page.get_by_role("button", name="Finish").click()
    page.locator(".step", has_text="Try it").click()
    page.get_by_role("button", name="Camera", exact=True).click()
    expect(page.get_by_text("No picture leaves this page.")).to_be_visible(timeout=60_000)
    expect(page.locator(".try-result")).to_be_visible()
    page.get_by_role("button", name="Camera off").click()
    expect(page.get_by_text("Camera off.")).to_be_visible()


def _photo() -> bytes:
    pixels = draw_portrait(3, 128).pixels[:, 16:112]
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
