from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.server import Server
from tests.browser.studio_page import FACE, UNLABELLED, StudioPage, expect

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext


def test_what_is_painted_is_saved_undone_and_redone(studio: StudioPage) -> None:
    empty = studio.shown("painted")
    studio.choose_part("nose")
    studio.paint((0.2, 0.2), (0.7, 0.5))
    painted, drawn = studio.saved_labels(), studio.shown("painted")
    assert set(painted) == {2, UNLABELLED}
    assert drawn != empty
    studio.page.keyboard.press("Control+z")
    expect(studio.page.get_by_role("button", name="Redo")).to_be_enabled()
    assert studio.shown("painted") == empty
    assert set(studio.saved_labels()) == {UNLABELLED}
    studio.page.keyboard.press("Control+Shift+z")
    expect(studio.page.get_by_role("button", name="Redo")).to_be_disabled()
    assert studio.shown("painted") == drawn
    assert studio.saved_labels() == painted


def test_a_reload_brings_it_back(studio: StudioPage) -> None:
    studio.choose_part("hair")
    studio.paint((0.3, 0.3), (0.6, 0.4))
    studio.wait_until_saved()
    picture, drawn = studio.picture_id, studio.shown("painted")
    studio.page.reload()
    studio.wait_until_ready()
    assert studio.picture_id == picture
    assert studio.shown("painted") == drawn


def test_prediction_and_wall_follow(studio: StudioPage) -> None:
    studio.scribble(FACE)
    studio.wait_until_predicted()
    before = studio.shown("prediction")
    assert studio.page.locator(".wall-overlay:not([hidden])").count() == 24
    studio.choose_part("cloth")
    studio.paint((0.3, 0.5), (0.7, 0.5))
    studio.page.wait_for_function("() => document.querySelector('.wall-state').textContent === 'up to date'")
    _until(studio, lambda: studio.shown("prediction") != before)
    studio.page.keyboard.press("d")
    expect(studio.page.locator(".layer-doubt")).to_be_visible()
    expect(studio.page.locator(".layer-prediction")).to_be_hidden()


def test_a_prediction_is_accepted_where_nothing_is_painted(studio: StudioPage) -> None:
    studio.scribble(FACE)
    studio.wait_until_predicted()
    painted = studio.saved_labels()
    studio.page.get_by_role("button", name="Accept prediction").click()
    expect(studio.page.locator(".tray-item[aria-current] .badge.accepted")).to_be_visible()
    accepted = studio.saved_labels()
    assert UNLABELLED not in accepted
    assert all(now == was for now, was in zip(accepted, painted, strict=True) if was != UNLABELLED)
    studio.page.keyboard.press("Control+z")
    expect(studio.page.get_by_role("button", name="Redo")).to_be_enabled()
    assert studio.saved_labels() == painted


def test_every_tool_paints(studio: StudioPage) -> None:
    page = studio.page
    labels = studio.saved_labels()

    def changes() -> bool:
        nonlocal labels
        before, labels = labels, studio.saved_labels()
        return before != labels

    studio.choose_part("skin")
    page.get_by_role("button", name="Polygon").click()
    for place in ((0.1, 0.1), (0.4, 0.1), (0.4, 0.4), (0.1, 0.4), (0.1, 0.1)):
        studio.click(place)
        page.wait_for_timeout(50)
    assert changes()
    assert labels.count(1) > 200
    page.keyboard.press("5")
    page.keyboard.press("f")
    page.get_by_role("radio", name="label").check()
    studio.click((0.2, 0.2))
    assert changes()
    assert 1 not in labels
    page.keyboard.press("l")
    page.get_by_role("radio", name="straight").check()
    page.keyboard.press("3")
    studio.paint((0.5, 0.9), (0.9, 0.9))
    assert changes()
    page.keyboard.press("w")
    page.keyboard.press("4")

    def waved() -> bool:
        # While the regions are still being made, a click only says so.
        studio.click((0.7, 0.5))
        return changes()

    _until(studio, waved)
    page.keyboard.press("e")
    studio.paint((0.1, 0.1), (0.4, 0.4))
    assert changes()


def test_locked_parts_stay(studio: StudioPage) -> None:
    studio.choose_part("skin")
    studio.paint((0.5, 0.2), (0.5, 0.8))
    before = studio.saved_labels()
    studio.page.keyboard.press("k")
    studio.choose_part("hair")
    studio.paint((0.2, 0.5), (0.8, 0.5))
    after = studio.saved_labels()
    assert [i for i, id_ in enumerate(after) if id_ == 1] == [i for i, id_ in enumerate(before) if id_ == 1]
    assert 7 in after


def test_keys_alone_are_enough(studio: StudioPage) -> None:
    page = studio.page
    page.keyboard.press("3")
    page.keyboard.press("b")
    page.locator("#easel").focus()
    for key in ("ArrowLeft", "Enter", "ArrowLeft", "ArrowLeft", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    assert studio.saved_labels().count(3) >= 4
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_second_tab_is_told_and_can_take_over(studio: StudioPage, context: BrowserContext) -> None:
    studio.choose_part("skin")
    studio.paint((0.3, 0.3), (0.6, 0.4))
    studio.wait_until_saved()
    second = StudioPage(context.new_page(), studio.url)
    second.open()
    assert second.picture_id == studio.picture_id
    expect(second.page.get_by_text("Another tab is painting")).to_be_visible()
    second.page.get_by_role("button", name="Take over").click()
    expect(second.page.get_by_text("Another tab is painting")).to_be_hidden()
    expect(studio.page.get_by_text("Another tab is painting")).to_be_visible()
    before = studio.saved_labels()
    studio.paint((0.1, 0.9), (0.9, 0.9))
    assert studio.saved_labels() == before
    second.paint((0.1, 0.9), (0.9, 0.9))
    assert second.saved_labels() != before


def test_strokes_wait_for_a_server_that_died(context: BrowserContext, own_server: Server) -> None:
    studio = StudioPage(context.new_page(), own_server.url)
    studio.open()
    studio.choose_part("skin")
    studio.paint((0.3, 0.3), (0.6, 0.4))
    studio.wait_until_saved()
    own_server.kill()
    studio.choose_part("hair")
    studio.paint((0.3, 0.1), (0.6, 0.1))
    expect(studio.page.locator(".banner")).to_be_visible()
    studio.choose_part("cloth")
    studio.paint((0.3, 0.9), (0.6, 0.9))
    expect(studio.page.get_by_text("2 strokes wait")).to_be_visible()
    own_server.start()
    expect(studio.page.locator(".banner")).to_be_hidden(timeout=30_000)
    assert {1, 7, 9} <= set(studio.saved_labels())


def _until(studio: StudioPage, holds: Callable[[], bool], tries: int = 50) -> None:
    for _ in range(tries):
        if holds():
            return
        studio.page.wait_for_timeout(100)
    raise AssertionError("it did not happen")
