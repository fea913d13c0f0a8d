"""Fingers and a pen, as Chromium's own protocol sends them: no such devices are at hand where tests run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.studio_page import Place, StudioPage

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, CDPSession

_N_STEPS = 8


class Hands:
    """Sends fingers and a pen to a page."""

    def __init__(self, studio: StudioPage, session: CDPSession) -> None:
        self._studio, self._session = studio, session

    def drag_fingers(self, *ways: tuple[Place, Place]) -> None:
        """Each finger goes its way, one after another down, all at once along, all up."""
        for n in range(1, len(ways) + 1):
            self._touch("touchStart", [start for start, _ in ways[:n]])
        for step in range(1, _N_STEPS + 1):
            self._touch("touchMove", [_between(start, end, step / _N_STEPS) for start, end in ways])
        self._touch("touchEnd", [])

    def drag_pen(self, start: Place, end: Place, force: float) -> None:
        """The pen goes along a line."""
        self._pen("mousePressed", start, force)
        for step in range(1, _N_STEPS + 1):
            self._pen("mouseMoved", _between(start, end, step / _N_STEPS), force)
        self._pen("mouseReleased", end, 0.0)

    def _touch(self, kind: str, places: Sequence[Place]) -> None:
        points = [{"id": number, **self._at(place)} for number, place in enumerate(places)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def _pen(self, kind: str, place: Place, force: float) -> None:
        pressed = {"button": "left", "buttons": 1, "clickCount": 1, "pointerType": "pen", "force": force}
        self._session.send("Input.dispatchMouseEvent", {"type": kind, **self._at(place), **pressed})

    def _at(self, place: Place) -> dict[str, Any]:
        x, y = self._studio.on_screen(place)
        return {"x": x, "y": y}


@pytest.fixture
def hands(studio: StudioPage, context: BrowserContext) -> Iterator[Hands]:
    """What points at the page of a studio."""
    session = context.new_cdp_session(studio.page)
    yield Hands(studio, session)
    session.detach()


def test_one_finger_paints_and_two_zoom(studio: StudioPage, hands: Hands) -> None:
    studio.choose_part("skin")
    before = studio.saved_labels()
    hands.drag_fingers(((0.3, 0.5), (0.7, 0.5)))
    painted = studio.saved_labels()
    assert painted.count(1) > before.count(1)
    width = studio.sheet_box()["width"]
    hands.drag_fingers(((0.45, 0.3), (0.2, 0.3)), ((0.55, 0.3), (0.8, 0.3)))
    studio.wait_for_box("box.width > given", 1.5 * width)
    assert studio.saved_labels() == painted, "the first finger of two had begun no stroke that stays"


def test_a_pen_paints_wider_when_pressed_and_the_hand_beside_it_does_not(
    studio: StudioPage, hands: Hands
) -> None:
    studio.choose_part("hair")
    start = studio.saved_labels().count(7)
    hands.drag_pen((0.2, 0.2), (0.8, 0.2), force=0.2)
    light = studio.saved_labels().count(7)
    hands.drag_pen((0.2, 0.8), (0.8, 0.8), force=1.0)
    painted = studio.saved_labels()
    assert 0 < light - start < painted.count(7) - light
    x = studio.sheet_box()["x"]
    hands.drag_fingers(((0.4, 0.5), (0.5, 0.5)))
    assert studio.saved_labels() == painted
    studio.wait_for_box("box.x > given", x)  # a finger beside a pen moves the picture


def _between(start: Place, end: Place, share: float) -> Place:
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
