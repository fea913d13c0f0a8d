"""The photos of a project in the API, as the page uses it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from starlette.testclient import TestClient

from partly.data.labels.label_maps import label_map_to_png
from partly.data.photos.encoding import encode_png
from partly.data.photos.photo import read_photo
from partly.project.project_folder import Project
from partly.studio.http.serving import studio_app
from partly.studio.session.session import Session
from partly.studio.session.workspace import StudioChoices
from partly.web.security import Security
from tests.conftest import PHOTO_SHAPES
from tests.fakes import TWO_PARTS, thing_labels, thing_photo
from tests.studio.http.conftest import ORIGIN
from tests.studio.tiny_sessions import until


@pytest.fixture
def photos(photo_project: Project, open_session: Callable[..., Session]) -> Session:
    """A session on six photos."""
    session = open_session(photo_project, StudioChoices(n_wall=2, n_proposals=1, n_candidates=3))
    maker = session.maker
    assert maker is not None
    until(lambda: session.worker.settle() and maker.settle() and session.worker.settle(0.01))
    return session


@pytest.fixture
def album(photos: Session) -> Iterator[TestClient]:
    """The page's side of it."""
    with TestClient(studio_app(photos, Security()), base_url=ORIGIN, follow_redirects=False) as client:
        yield client


def test_photos_by_name(album: TestClient, photos: Session) -> None:
    page = album.get("/api/album", params={"text": "png", "offset": 4, "limit": 2}).json()
    in_tray = {photos.workspace.picture(one).photo: one for one in photos.workspace.tray.ids()}
    names = ("4.png", "5.png")
    assert page == {
        "photos": [{"name": name, "picture": in_tray.get(name), "problem": None} for name in names],
        "n_found": 6,
        "n_photos": 6,
    }
    answer = album.get("/api/album/image", params={"name": "3.png", "size": 32})
    assert answer.headers["content-type"] == "image/jpeg"
    height, width = PHOTO_SHAPES[3]
    assert read_photo(answer.content).pixels.shape[:2] == (round(32 * height / width), 32)
    again = album.get(
        "/api/album/image",
        params={"name": "3.png", "size": 32},
        headers={"If-None-Match": answer.headers["etag"]},
    )
    assert again.status_code == 304
    for query in ({"name": "3.png", "size": 1}, {"name": "3.png"}):
        assert album.get("/api/album/image", params=query).status_code == 400
    assert album.get("/api/album", params={"offset": -1}).status_code == 400


def test_a_photo_is_chosen_and_painted_in_its_shape(album: TestClient) -> None:
    taken = album.post("/api/album/take", json={"name": "3.png"}).json()
    height, width = PHOTO_SHAPES[3]
    assert (taken["name"], taken["height_px"], taken["width_px"]) == ("3.png", height, width)
    opened = album.post(f"/api/pictures/{taken['id']}/open?tab=a").json()
    assert (opened["height_px"], opened["width_px"]) == (height, width)
    where = {"tab": "a", "x": width - 4, "y": height - 2, "w": 4, "h": 2}
    url = f"/api/pictures/{taken['id']}/strokes"
    assert album.post(url, params=where, content=bytes([1]) * 8).status_code == 200
    answer = album.get(f"/api/pictures/{taken['id']}/labels")
    assert (answer.headers["x-height"], answer.headers["x-width"]) == (str(height), str(width))
    labels = np.frombuffer(answer.content, np.uint8).reshape(height, width)
    assert (labels == 1).sum() == 8
    assert (labels[-2:, -4:] == 1).all()
    outside = album.post(url, params={**where, "x": width - 3}, content=bytes([1]) * 8)
    assert outside.status_code == 400
    assert f"expected one within {width} x {height} px" in outside.json()["error"]


def test_what_is_no_photo(album: TestClient) -> None:
    answer = album.post("/api/album/take", json={"name": "nine.png"})
    assert (answer.status_code, answer.json()["error"][:27]) == (404, "there is no photo 'nine.png'"[:27])
    assert album.post("/api/album/take", json={"picture": "3.png"}).status_code == 400
    answer = album.post("/api/album/add", content=b"none", headers={"X-File-Name": "x.png"})
    assert (answer.status_code, "no image of a known format" in answer.json()["error"]) == (400, True)


def test_a_photo_is_added(album: TestClient) -> None:
    data = encode_png(thing_photo(50, 80, 3))
    added = album.post("/api/album/add", content=data, headers={"X-File-Name": "n%C3%A4her.png"}).json()
    assert (added["name"], added["reason"], added["width_px"]) == ("photos/näher.png", "asked", 80)
    state = album.get("/api/state").json()
    assert (state["album"]["n_photos"], state["n_photos"]) == (7, 7)
    assert [picture["id"] for picture in state["pictures"]][-1] == added["id"]


def test_labels_of_another_program_for_a_photo(album: TestClient) -> None:
    taken = album.post("/api/album/take", json={"name": "4.png"}).json()
    album.post(f"/api/pictures/{taken['id']}/open?tab=a")
    url = f"/api/pictures/{taken['id']}/strokes"
    album.post(url, params={"tab": "a", "x": 0, "y": 0, "w": 9, "h": 9}, content=bytes([1]) * 81)
    exported = album.get("/api/labels/export", params={"format": "png", "fill": "unlabelled"})
    assert exported.status_code == 200
    with zipfile.ZipFile(io.BytesIO(exported.content)) as archive:
        [name] = [one for one in archive.namelist() if one.endswith(".png")]
        label_file = archive.read(name)
    album.post(f"/api/pictures/{taken['id']}/undo?tab=a")
    query = {"picture": taken["id"], "fill": "unlabelled", "replace": "1"}
    answer = album.post("/api/labels/import", params=query, content=label_file, headers={"X-File-Name": name})
    assert answer.json() == {
        "ids": [taken["id"]],
        "notes": ["4.png: nothing but thing is labelled in 4.png."],
    }
    labels = album.get(f"/api/pictures/{taken['id']}/labels").content
    height, width = PHOTO_SHAPES[4]
    assert (np.frombuffer(labels, np.uint8).reshape(height, width)[:9, :9] == 1).all()


def test_labels_of_photos_that_nobody_has_opened(album: TestClient) -> None:
    height, width = PHOTO_SHAPES[1]
    label_file = label_map_to_png(thing_labels(height, width, 1), TWO_PARTS)
    in_tray = [picture["name"] for picture in album.get("/api/state").json()["pictures"]]
    assert "1.png" not in in_tray
    answer = album.post("/api/labels/import", content=label_file, headers={"X-File-Name": "1.png"})
    [picture_id] = answer.json()["ids"]
    state = album.get("/api/state").json()
    [picture] = [picture for picture in state["pictures"] if picture["id"] == picture_id]
    assert (picture["name"], picture["labelled_share"]) == ("1.png", 1.0)
    answer = album.post("/api/labels/import", content=label_file, headers={"X-File-Name": "none.png"})
    assert (answer.status_code, answer.json()["error"][:28]) == (400, "none.png: there is no photo ")


def test_generated_pictures_have_no_album(client: TestClient) -> None:
    for answer in (client.get("/api/album"), client.post("/api/album/take", json={"name": "a"})):
        assert answer.status_code == 404
        assert "it has no photos to label" in answer.json()["error"]
