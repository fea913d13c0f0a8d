"""How good the labels are, beside the parts of the page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.browser.studio_page import StudioPage, expect
from tests.browser.test_photos import choose, paint_thing, photo_server, photos

__all__ = ["photo_server", "photos"]

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from playwright.sync_api import Locator


def figure(studio: StudioPage, part: str) -> Locator:
    return studio.page.locator(f'.part[data-name="{part}"] .part-figure')


def test_figures_follow_what_is_painted(photos: StudioPage) -> None:
    panel = photos.page.locator(".quality")
    choose(photos, 31)
    paint_thing(photos, 31)
    expect(figure(photos, "thing")).to_have_text(re.compile(r"^~\d+$"), timeout=60_000)
    expect(figure(photos, "thing")).to_have_attribute("title", re.compile("agreement of two halves"))
    expect(panel).to_contain_text("It is no IoU.")
    choose(photos, 32)
    paint_thing(photos, 32)
    expect(figure(photos, "thing")).to_have_text(re.compile(r"^\d+$"), timeout=60_000)
    expect(panel).to_contain_text("IoU in %: each painted photo")
    worst = panel.locator(".worst-part").inner_text()
    assert worst in ("background", "thing")
    before = photos.picture_ids("hard to tell")
    panel.get_by_role("button", name="Propose one for it").click()
    photos.page.wait_for_function(
        "n => document.querySelectorAll('.tray-item[title*=\"hard to tell\"]').length > n",
        arg=len(before),
        timeout=90_000,
    )
