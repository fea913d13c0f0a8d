"""The page on a project of photos, of which none is a square."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from partly.data.photos.encoding import encode_png, write_png
from partly.project.photo_options import PhotoOptions
from partly.project.project_folder import create_project
from partly.project.project_settings import ON_PHOTOS, Settings
from tests.browser.server import Server, free_port
from tests.browser.studio_page import StudioPage, expect
from tests.fakes import TWO_PARTS, thing_labels, thing_photo

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

WIDE, HIGH = (120, 200), (200, 110)
N_PHOTOS = 70


@pytest.fixture(scope="module")
def photo_server(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, encoder_folder: Path
) -> Iterator[Server]:
    """A studio on seventy photos, wide and high in turns."""
    folder = tmp_path_factory.mktemp("photos")
    for seed in range(N_PHOTOS):
        shape = WIDE if seed % 2 else HIGH
        write_png(folder / "things" / f"thing-{seed:02}.png", thing_photo(*shape, seed))
    photos = PhotoOptions("../things", str(encoder_folder), 112)
    project = create_project(folder / "project", Settings("", TWO_PARTS, ON_PHOTOS, photos=photos))
    server = Server(project.folder, free_port(), folder / "studio.log")
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def photos(context: BrowserContext, photo_server: Server) -> StudioPage:
    """The studio in a new tab."""
    studio = StudioPage(context.new_page(), photo_server.url)
    studio.open()
    return studio


def choose(studio: StudioPage, seed: int) -> None:
    """Choose a photo by its name in the window for that."""
    name = f"thing-{seed:02}.png"
    studio.page.get_by_role("button", name="Choose a photo", exact=True).click()
    studio.page.get_by_role("searchbox").fill(f"{seed:02}")
    studio.page.locator(".album-item", has_text=name).click()
    expect(studio.page.locator(".picture-title strong")).to_have_text(name)
    studio.wait_until_ready()


def paint_thing(studio: StudioPage, seed: int) -> None:
    """A stroke on the thing, and one on what is behind it."""
    height, width = WIDE if seed % 2 else HIGH
    truth = thing_labels(height, width, seed)
    for part, name in ((1, "thing"), (0, "background")):
        rows, columns = np.nonzero(truth == part)
        order = np.argsort(rows + columns)
        inner = [order[len(order) * share // 100] for share in (30, 70)]
        studio.choose_part(name)
        for i in inner:
            place = ((columns[i] + 0.5) / width, (rows[i] + 0.5) / height)
            studio.click(place)


def test_photos_are_painted_in_their_own_shape(photos: StudioPage) -> None:
    page = photos.page
    expect(page.get_by_role("heading", name="Photos")).to_be_visible()
    for seed, (height, width) in ((3, WIDE), (4, HIGH)):
        choose(photos, seed)
        box = photos.sheet_box()
        assert box["width"] / box["height"] == pytest.approx(width / height, rel=0.02)
        paint_thing(photos, seed)
        photos.wait_until_predicted()
        labels = np.frombuffer(photos.saved_labels(), np.uint8).reshape(height, width)
        truth = thing_labels(height, width, seed)
        painted = labels != 255
        assert 0.001 < painted.mean() < 0.5
        assert (labels[painted] == truth[painted]).mean() > 0.9, "strokes lie where the pointer was"
        shape = page.evaluate(
            "() => { const { width, height } = document.querySelector('.layer-prediction');"
            " return [width, height]; }"
        )
        assert shape[0] / shape[1] == pytest.approx(width / height, rel=0.05)
    tile = page.locator(".tray-item[aria-current]").bounding_box()
    assert tile is not None
    assert tile["width"] / tile["height"] == pytest.approx(HIGH[1] / HIGH[0], rel=0.05)


def test_a_prediction_is_accepted_and_taken_back(photos: StudioPage) -> None:
    choose(photos, 5)
    paint_thing(photos, 5)
    photos.wait_until_predicted()
    before = photos.saved_labels()
    photos.page.get_by_role("button", name="Accept prediction").click()
    expect(photos.page.locator(".picture-title")).to_contain_text("100 % painted")
    labels = np.frombuffer(photos.saved_labels(), np.uint8).reshape(*WIDE)
    assert (labels == thing_labels(*WIDE, 5)).mean() > 0.8
    photos.page.keyboard.press("Control+z")
    expect(photos.page.locator(".picture-title")).not_to_contain_text("100 % painted")
    assert photos.saved_labels() == before


def test_the_wall_shows_photos_with_predictions_and_doubt(photos: StudioPage) -> None:
    page = photos.page
    choose(photos, 7)
    paint_thing(photos, 7)
    photos.wait_until_predicted()
    tiles = page.locator(".wall-tile")
    expect(tiles).to_have_count(24)
    ratios = tiles.evaluate_all(
        """tiles => tiles.map(tile => {
            const { width, height } = tile.querySelector(".wall-overlay").getBoundingClientRect();
            return width / height;
        })"""
    )
    for ratio in ratios:
        assert min(abs(ratio - shape[1] / shape[0]) for shape in (WIDE, HIGH)) < 0.05
    expect(page.locator(".doubt-bar:not([hidden])")).to_have_count(24)
    toggle = page.get_by_role("button", name="Doubt on the wall")
    drawn = "() => { const c = document.querySelector('.wall-overlay'); return c.toDataURL(); }"
    parts = page.evaluate(drawn)
    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Parts on the wall")).to_have_attribute("aria-pressed", "false")
    assert page.evaluate(drawn) != parts
    expect(page.locator(".heat-legend")).to_be_visible()
    page.keyboard.press("v")
    expect(toggle).to_have_attribute("aria-pressed", "false")


def test_a_photo_of_the_wall_becomes_one_to_paint(photos: StudioPage) -> None:
    page = photos.page
    page.locator(".wall-tile").nth(2).click()
    expect(page.locator(".look-title")).to_contain_text("3 of 24")
    frame = page.locator(".look-picture").bounding_box()
    assert frame is not None
    assert min(abs(frame["width"] / frame["height"] - s[1] / s[0]) for s in (WIDE, HIGH)) < 0.03
    n_before = page.locator(".tray-item").count()
    page.get_by_role("button", name="Label this one").click()
    expect(page.locator(".tray-item")).to_have_count(n_before + 1)
    photos.wait_until_ready()
    expect(page.locator(".wall-tile")).to_have_count(24)


def test_photos_are_looked_for_page_by_page(photos: StudioPage) -> None:
    page = photos.page
    page.keyboard.press("Shift+T")
    found = page.locator(".album-found")
    expect(found).to_contain_text("1 to 60 of ")
    expect(page.locator(".album-item")).to_have_count(60)
    page.get_by_role("button", name="Next photos").click()
    expect(found).to_contain_text("61 to ")
    page.get_by_role("searchbox").fill("no such name")
    expect(found).to_have_text("No photo has such a name.")
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.locator("dialog")).to_have_count(0)


def test_a_photo_from_elsewhere(photos: StudioPage) -> None:
    page = photos.page
    page.evaluate(
        """([bytes, name]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
            window.dispatchEvent(new DragEvent("drop", { dataTransfer: data, cancelable: true }));
        }""",
        [list(encode_png(thing_photo(40, 90, 3))), "mine.png"],
    )
    expect(page.locator(".picture-title strong")).to_have_text("photos/mine.png")
    photos.wait_until_ready()
    assert len(photos.saved_labels()) == 40 * 90


def test_the_finish_page_speaks_of_photos(photos: StudioPage) -> None:
    page = photos.page
    choose(photos, 9)
    paint_thing(photos, 9)
    photos.wait_until_saved()
    page.get_by_role("button", name="Finish").click()
    expect(page.locator(".finish-head")).to_contain_text("labelled photos")
    page.get_by_role("button", name="Distil").click()
    expect(page.locator(".finish-head")).to_contain_text("the photos of the folder")


def test_what_was_fitted_on_photos_segments_photos(photos: StudioPage, tmp_path: Path) -> None:
    page = photos.page
    choose(photos, 11)
    paint_thing(photos, 11)
    photos.wait_until_saved()
    page.get_by_role("button", name="Finish").click()
    page.get_by_role("button", name="Fit").first.click()
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".step.done", has_text="Fit")).to_be_visible(timeout=90_000)
    write_png(tmp_path / "other.png", thing_photo(90, 160, 200))
    page.get_by_role("button", name="Try it").click()
    page.set_input_files('.finish input[aria-label="Photo"]', tmp_path / "other.png")
    expect(page.locator(".try-status")).to_contain_text("by Partly’s server", timeout=60_000)
