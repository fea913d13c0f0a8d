from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.browser.server import Server
from tests.browser.studio_page import FACE, UNLABELLED, StudioPage, expect

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext


@pytest.mark.parametrize(("form", "inside"), [("labelme", ".json"), ("palette-png", ".png")])
def test_labels_are_exported(studio: StudioPage, form: str, inside: str) -> None:
    studio.choose_part("hair")
    studio.paint((0.2, 0.2), (0.7, 0.2), (0.7, 0.5))
    studio.wait_until_saved()
    studio.page.get_by_role("button", name="Export labels").click()
    studio.page.get_by_label("Format").select_option(form)
    with studio.page.expect_download() as download:
        studio.page.get_by_role("button", name="Export", exact=True).click()
    with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as archive:
        assert any(name.endswith(f"{studio.picture_id}{inside}") for name in archive.namelist())


def test_labels_are_imported(studio: StudioPage) -> None:
    size = int(len(studio.saved_labels()) ** 0.5)
    corners = [[0, 0], [size / 2, 0], [size / 2, size / 2], [0, size / 2]]
    shapes = [{"label": "nose", "points": corners, "shape_type": "polygon", "group_id": None, "flags": {}}]
    label_file = {
        "version": "5.0.0",
        "flags": {},
        "shapes": shapes,
        "imagePath": "x.png",
        "imageData": None,
        "imageHeight": size,
        "imageWidth": size,
    }
    studio.page.get_by_role("button", name="Import labels").click()
    studio.page.get_by_label("File").set_input_files(
        {"name": "x.json", "mimeType": "application/json", "buffer": json.dumps(label_file).encode()}
    )
    studio.page.get_by_role("button", name="Import", exact=True).click()
    expect(studio.page.get_by_text("imported")).to_be_visible()
    labels = studio.saved_labels()
    assert labels.count(2) == pytest.approx(size * size / 4, rel=0.1)
    assert set(labels) == {2, UNLABELLED}
    assert studio.shown("painted") != 0


def test_parts_are_changed_and_labels_follow(context: BrowserContext, own_server: Server) -> None:
    studio = StudioPage(context.new_page(), own_server.url)
    studio.open()
    page = studio.page
    studio.choose_part("hair")
    studio.paint((0.2, 0.2), (0.7, 0.2))
    studio.choose_part("cloth")
    studio.paint((0.2, 0.8), (0.7, 0.8))
    page.get_by_role("button", name="Add a part").click()
    page.get_by_label("Name").fill("hat")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator('.part[data-name="hat"].chosen')).to_be_visible()
    studio.paint((0.4, 0.05), (0.6, 0.05))
    assert set(studio.saved_labels()) == {7, 9, 10, UNLABELLED}
    page.get_by_role("button", name="Change hair").click()
    page.get_by_label("Name").fill("fringe")
    page.get_by_role("button", name="Save").click()
    expect(page.locator('.part[data-name="fringe"]')).to_be_visible()
    page.get_by_role("button", name="Change fringe").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.locator(".part")).to_have_count(10)
    assert set(studio.saved_labels()) == {8, 9, UNLABELLED}
    page.get_by_role("button", name="Change cloth").click()
    page.get_by_label("Merge it into").select_option("hat")
    page.get_by_role("button", name="Merge", exact=True).click()
    page.get_by_role("button", name="Merge for good").click()
    expect(page.locator(".part")).to_have_count(9)
    assert set(studio.saved_labels()) == {8, UNLABELLED}
    drawn = studio.shown("painted")
    page.reload()
    studio.wait_until_ready()
    assert studio.shown("painted") == drawn


def test_pictures_are_pinned_skipped_and_taken_from_the_wall(studio: StudioPage) -> None:
    page = studio.page
    picture = studio.picture_id
    page.get_by_role("button", name="Pin", exact=True).click()
    first = page.locator(".tray-item").first
    expect(first).to_have_attribute("title", f"{picture}: asked for, not painted yet")
    page.get_by_role("button", name="Skip", exact=True).click()
    expect(page.locator(f'.tray-item[title^="{picture}:"]')).to_have_count(0)
    page.locator(".tray .button", has_text="skipped").click()
    expect(page.locator(f'.tray-item[title^="{picture}:"]')).to_have_count(1)
    page.get_by_role("button", name="Other picture 3: look at it").click()
    page.get_by_role("button", name="Label this one").click()
    expect(page.locator(".look")).to_be_hidden()
    expect(page.locator(".picture-title strong")).not_to_have_text(picture)


def test_a_picture_of_the_wall_is_accepted_as_it_is(studio: StudioPage) -> None:
    page = studio.page
    studio.scribble(FACE)
    studio.wait_until_predicted()
    picture = studio.picture_id
    page.get_by_role("button", name="Other picture 5: look at it").click()
    page.get_by_role("button", name="Accept as it is").click()
    expect(page.locator(".tray-item[aria-current] .badge.accepted")).to_be_visible()
    assert studio.picture_id != picture
    assert UNLABELLED not in studio.saved_labels()
