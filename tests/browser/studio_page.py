"""The studio's page, as a person uses it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import FloatRect, Page

expect = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: make setup").expect
"""What the page must come to show; tests that need it are skipped where Playwright is missing."""

Place = tuple[float, float]
"""A place on the picture, as shares of its sides."""

UNLABELLED = 255


class StudioPage:
    """One tab with the studio in it.

    Args:
        page: the tab.
        url: where the studio is.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url

    def open(self) -> None:
        """Load the page, and wait until a picture can be painted."""
        self.page.goto(self.url)
        self.wait_until_ready()
        hint = self.page.get_by_role("button", name="Got it")
        if hint.is_visible():
            hint.click()

    def wait_until_ready(self) -> None:
        """Wait until a picture is on the easel."""
        self.page.wait_for_selector(".layer-painted:not([hidden])", timeout=60_000)
        self.page.wait_for_selector(".layer-picture:not([hidden])")

    def another(self) -> str:
        """Ask for one more picture, and open it; gives its id."""
        self.page.wait_for_function(
            "() => document.querySelectorAll('.tray-item').length > 1", timeout=90_000
        )
        before = self.picture_ids("asked for")
        self.page.get_by_role("button", name="Another", exact=True).click()
        self.page.wait_for_function(
            "n => document.querySelectorAll('.tray-item[title*=\"asked for\"]').length > n",
            arg=len(before),
            timeout=60_000,
        )
        (new,) = set(self.picture_ids("asked for")) - set(before)
        self.page.locator(f'.tray-item[title^="{new}:"]').click()
        self.page.wait_for_function(
            "id => document.querySelector('.picture-title strong')?.textContent === id", arg=new
        )
        self.wait_until_ready()
        return new

    @property
    def picture_id(self) -> str:
        """The picture on the easel."""
        return self.page.locator(".picture-title").get_attribute("data-picture") or ""

    def picture_ids(self, reason: str = "") -> list[str]:
        """Those of the tray, or those of them that are there for one reason."""
        items = self.page.locator(f'.tray-item[title*="{reason}"]')
        titles = items.evaluate_all("items => items.map(item => item.title)")
        return [title.split(":")[0] for title in titles]

    def choose_part(self, name: str) -> None:
        """Choose a part by its name."""
        self.page.locator(f'.part[data-name="{name}"] .part-choose').click()

    def paint(self, *places: Place) -> None:
        """Drag the pointer from place to place."""
        points = [self.on_screen(place) for place in places]
        self.page.mouse.move(*points[0])
        self.page.mouse.down()
        for point in points[1:] or points:
            self.page.mouse.move(*point, steps=4)
        self.page.mouse.up()

    def click(self, place: Place, **options: Any) -> None:
        """Press the mouse at a place."""
        self.page.mouse.click(*self.on_screen(place), **options)

    def scribble(self, scribbles: Sequence[tuple[str, Sequence[Place]]]) -> None:
        """Paint several parts."""
        for part, places in scribbles:
            self.choose_part(part)
            self.paint(*places)

    def wait_until_saved(self) -> None:
        """Wait until the server has all strokes."""
        self.page.locator(".saved", has_text=re.compile("^Saved$")).wait_for()

    def wait_until_predicted(self) -> None:
        """Wait until there is a prediction of the picture, and of the wall, and both are those of now."""
        self.page.wait_for_selector(".layer-prediction:not([hidden])", timeout=30_000)
        self.page.locator(".wall-state", has_text="up to date").wait_for(timeout=30_000)

    def saved_labels(self) -> bytes:
        """The label map that the server has of the open picture."""
        self.wait_until_saved()
        return self.fetch_bytes(f"/api/pictures/{self.picture_id}/labels")

    def shown(self, layer: str) -> int:
        """A number that differs when another thing is drawn on a canvas of the easel."""
        return int(
            self.page.evaluate(
                """async layer => {
                    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
                    const canvas = document.querySelector(`.layer-${layer}`);
                    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                    let sum = 0;
                    for (const value of data) sum = (sum * 31 + value) | 0;
                    return sum;
                }""",
                layer,
            )
        )

    def fetch_bytes(self, path: str) -> bytes:
        """A file of the API."""
        return bytes(
            self.page.evaluate(
                "async path => Array.from(new Uint8Array(await (await fetch(path)).arrayBuffer()))", path
            )
        )

    def post(self, path: str, body: Any) -> Any:
        """Ask the API for something, as the page itself would."""
        return self.page.evaluate(
            """async ([path, body]) => {
                const response = await fetch(path, {method: "POST", body: JSON.stringify(body)});
                if (!response.ok) throw new Error(await response.text());
                return response.json();
            }""",
            [path, body],
        )

    def sheet_box(self) -> FloatRect:
        """The picture on the screen, in pixels."""
        box = self.page.locator(".sheet").bounding_box()
        assert box is not None
        return box

    def wait_for_box(self, holds: str, given: float) -> None:
        """Wait until the picture's ``box`` on the screen is as JavaScript says, beside a ``given`` number."""
        box = "document.querySelector('.sheet').getBoundingClientRect()"
        self.page.wait_for_function(f"given => {{ const box = {box}; return {holds}; }}", arg=given)

    def on_screen(self, place: Place) -> Place:
        """Where a place of the picture is on the screen, in pixels."""
        box = self.sheet_box()
        return box["x"] + place[0] * box["width"], box["y"] + place[1] * box["height"]


FACE = (
    ("skin", [(0.42, 0.6), (0.5, 0.66), (0.58, 0.6)]),
    ("hair", [(0.4, 0.14), (0.5, 0.1), (0.6, 0.14)]),
    ("background", [(0.05, 0.1), (0.05, 0.6)]),
    ("cloth", [(0.3, 0.96), (0.7, 0.96)]),
)
"""Scribbles that fit about any portrait."""

ALL_BUT_EARS = (
    *FACE,
    ("nose", [(0.5, 0.5), (0.5, 0.54)]),
    ("eye", [(0.38, 0.42), (0.4, 0.42)]),
    ("brow", [(0.38, 0.36), (0.42, 0.36)]),
    ("mouth", [(0.47, 0.62), (0.53, 0.62)]),
    ("neck", [(0.47, 0.82), (0.53, 0.82)]),
)
"""The same with all other parts but one, which a fit does without."""
