"""Everything in the API, as the page uses it."""

import io
import json
import urllib.parse
import zipfile

import numpy as np
import pytest
from PIL import Image

from partly.data.labels.label_maps import label_map_to_png
from partly.data.photos.encoding import encode_png
from partly.data.photos.photo import read_photo
from partly.studio.session.job import Job
from partly.studio.session.overview import overview
from tests.fakes import TWO_PARTS


def paint(client, part, x=0, y=0, w=16, h=16, picture="p0", tab="a", **query):
    given = urllib.parse.urlencode({"tab": tab, "x": x, "y": y, "w": w, "h": h, **query})
    return client.post(f"/api/pictures/{picture}/strokes?{given}", content=bytes([part]) * (w * h))


def labels(client, picture="p0"):
    answer = client.get(f"/api/pictures/{picture}/labels")
    shape = int(answer.headers["x-height"]), int(answer.headers["x-width"])
    return np.frombuffer(answer.content, np.uint8).reshape(shape)


def patch_of(answer):
    x, y, w, h = map(int, answer.headers["x-box"].split(","))
    return x, y, np.frombuffer(answer.content, np.uint8).reshape(h, w)


def error_of(answer):
    assert set(answer.json()) - {"held"} == {"error"}
    return answer.status_code, answer.json()["error"]


def test_state_and_images(client, session):
    session.worker.settle()
    state = client.get("/api/state").json()
    assert state == json.loads(json.dumps(overview(session)))
    usual = session.project.settings.auto_shot
    assert state["distil"]["usual"] == {
        "says": "as project.toml says",
        "n_pictures": usual.n_pictures,
        "n_steps": 3,
        "size_px": usual.size_px,
        "second_round": 0.0,
    }
    assert state["distil"]["thorough"]["n_pictures"] == 1200
    assert state["distil"]["quick"]["n_steps"] == 3
    form = {field["name"]: field["value"] for field in state["forms"]["distil"]}
    assert (form["n_pictures"], form["n_steps"], form["effort"]) == (usual.n_pictures, 3, "usual")
    whole = client.get("/api/pictures/p0/image")
    assert whole.headers["content-type"] == "image/png"
    assert read_photo(whole.content).pixels.shape == (64, 64, 3)
    small = client.get("/api/pictures/p0/image?size=32")
    assert small.headers["content-type"] == "image/jpeg"
    assert read_photo(small.content).pixels.shape == (32, 32, 3)
    assert client.get("/api/pictures/wall-0/image?size=32").headers["content-type"] == "image/jpeg"
    tag = {"If-None-Match": whole.headers["etag"]}
    again = client.get("/api/pictures/p0/image", headers=tag)
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/api/pictures/p1/image", headers=tag).status_code == 200


def test_painting(client):
    opened = client.post("/api/pictures/p0/open?tab=a").json()
    assert opened == {
        "width_px": 64,
        "height_px": 64,
        "held": False,
        "n_strokes": 0,
        "can_undo": False,
        "can_redo": False,
        "labelled_share": 0.0,
    }
    answer = paint(client, 1, x=3, y=5, w=4, h=2)
    assert answer.json() == {"n_strokes": 1, "can_undo": True, "can_redo": False, "labelled_share": 8 / 64**2}
    found = labels(client)
    assert (found[5:7, 3:7] == 1).all()
    assert (found != 255).sum() == 8
    undone = client.post("/api/pictures/p0/undo?tab=a")
    assert undone.headers["content-type"] == "application/octet-stream"
    x, y, patch = patch_of(undone)
    assert (x, y, patch.tolist()) == (3, 5, [[255] * 4] * 2)
    assert [undone.headers[f"x-{name}"] for name in ("can-undo", "can-redo", "strokes")] == ["0", "1", "0"]
    assert client.post("/api/pictures/p0/undo?tab=a").status_code == 204
    redone = client.post("/api/pictures/p0/redo?tab=a")
    assert (patch_of(redone)[2] == 1).all()
    assert client.post("/api/pictures/p0/redo?tab=a").status_code == 204


def test_predictions(client, session):
    session.worker.settle()
    for path in ("/api/pictures/p0/prediction", "/api/wall/prediction"):
        assert client.get(path).status_code == 204
    code, text = error_of(client.post("/api/pictures/p0/accept?tab=a"))
    assert (code, text[:30]) == (409, "nothing is predicted for this ")
    client.post("/api/pictures/p0/open?tab=a")
    paint(client, 0)
    paint(client, 1, x=40, y=40)
    session.worker.settle()
    answer = client.get("/api/pictures/p0/prediction")
    predicted, doubt = np.frombuffer(answer.content, np.uint8).reshape(2, 64, 64)
    assert (answer.headers["x-width"], answer.headers["x-height"]) == ("64", "64")
    assert set(np.unique(predicted)) == {0, 1}
    assert doubt.max() > doubt.min()
    wall = client.get("/api/wall/prediction")
    assert [wall.headers[f"x-{name}"] for name in ("width", "height", "count")] == ["64", "64", "2"]
    assert len(wall.content) == 2 * 2 * 64 * 64
    assert wall.headers["x-version"] == answer.headers["x-version"]
    x, y, patch = patch_of(client.post("/api/pictures/p0/accept?tab=a&only_unlabelled=1"))
    assert (x, y, patch.shape) == (0, 0, (64, 64))
    assert np.array_equal(patch, labels(client))
    assert (patch[:16, :16] == 0).all()
    assert client.get("/api/state").json()["pictures"][0]["status"] == "accepted"


def test_superpixels(client, session):
    session.worker.settle()
    answer = client.get("/api/pictures/p0/superpixels")
    assert (answer.status_code, answer.json()) == (202, {"state": "making"})
    session.worker.settle()
    answer = client.get("/api/pictures/p0/superpixels")
    regions = np.frombuffer(answer.content, "<u2").reshape(64, 64)
    assert (answer.headers["x-width"], answer.headers["x-height"]) == ("64", "64")
    assert regions.max() + 1 == len(np.unique(regions))


def test_two_tabs(client, session):
    listening = [session.events.subscribe(tab, lambda event: None) for tab in "ab"]
    assert len(listening) == 2
    assert not client.post("/api/pictures/p0/open?tab=a").json()["held"]
    assert client.post("/api/pictures/p0/open?tab=b").json()["held"]
    answer = paint(client, 1, tab="b")
    assert answer.status_code == 409
    assert answer.json() == {
        "error": "picture p0 is open in another tab; expected one tab that paints on it. "
        "Paint there, or take the picture over in this tab.",
        "held": True,
    }
    assert not client.post("/api/pictures/p0/open?tab=b&take=1").json()["held"]
    assert paint(client, 1, tab="b").status_code == 200
    assert client.post("/api/pictures/p0/undo?tab=a").status_code == 409
    assert (labels(client)[:16, :16] == 1).all()


def test_pictures(client, session):
    assert client.post("/api/pictures/p0/choices", json={"pinned": True}).json()["pinned"] is True
    picture = client.post("/api/pictures/p1/choices", json={"skipped": True, "place": 0}).json()
    assert (picture["id"], picture["skipped"], picture["pinned"]) == ("p1", True, False)
    assert [entry["id"] for entry in client.get("/api/state").json()["pictures"]] == ["p1", "p0"]
    wish = {"kind": "another", "n": 1, "truncation": [0.5, 0.5], "seed": 9}
    assert client.post("/api/pictures/propose", json=wish).status_code == 202
    session.worker.settle()
    taken = client.post("/api/pictures/from-wall", json={"id": "wall-0"}).json()
    ids = [entry["id"] for entry in client.get("/api/state").json()["pictures"]]
    assert ids == ["p1", "p0", "picture-9-0-t500", taken["id"]]


def test_parts(client):
    paint(client, 1)
    answer = client.post("/api/parts", json={"kind": "add", "name": "new", "after": "background"}).json()
    assert [part["name"] for part in answer["parts"]] == ["background", "new", "thing"]
    assert answer["parts_version"] == 1
    assert (len(answer["table"]), answer["table"][:3]) == (256, [0, 2, 255])
    assert (labels(client)[:16, :16] == 2).all()
    assert client.get("/api/pictures/p0/labels").headers["x-parts-version"] == "1"
    paint(client, 1, x=20, parts_version=0)
    assert (labels(client)[:16, 20:36] == 2).all()
    for body in ({"kind": "delete", "name": "background"}, {"kind": "x"}, [], {"kind": "add"}):
        assert error_of(client.post("/api/parts", json=body))[0] == 400


def test_jobs(client, session, tmp_path):
    assert error_of(client.post("/api/jobs", json={"verb": "x"}))[0] == 400
    assert error_of(client.get("/api/jobs/x"))[0] == 404
    panel = tmp_path / "panel.png"
    panel.write_bytes(encode_png(np.zeros((2, 2, 3), np.uint8)))
    job = session.jobs._jobs["j"] = Job("j", "fit", {}, 0.0, "done")
    job.take({"panel": str(panel)})
    assert client.get("/api/jobs/j").json() == job.to_json()
    assert client.post("/api/jobs/j/cancel").json()["state"] == "done"
    answer = client.get(job.to_json()["panels"][0])
    assert (answer.content, answer.headers["content-type"]) == (panel.read_bytes(), "image/png")
    assert error_of(client.get("/api/jobs/j/panels/001.png"))[0] == 404


@pytest.mark.slow
def test_a_job_from_start_to_end(client, session, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    paint(client, 0)
    paint(client, 1, x=30)
    job = client.post("/api/jobs", json={"verb": "fit", "options": {"seed": 1}}).json()
    assert (job["state"], job["options"]) == ("running", {"seed": 1})
    code, text = error_of(client.post("/api/jobs", json={"verb": "fit", "options": {}}))
    assert (code, text) == (409, "the job fit is running. Wait until it is done, or stop it.")
    session.jobs.wait(120)
    job = client.get(f"/api/jobs/{job['id']}").json()
    assert (job["state"], job["error"]) == ("done", None)
    assert client.get(job["panels"][0]).headers["content-type"] == "image/jpeg"
    assert client.get("/api/state").json()["models"]["few_shot"] == "ready"


def test_the_network(client, session, monkeypatch, tmp_path):
    assert error_of(client.post("/api/segment", content=b"x"))[0] == 409
    assert error_of(client.get("/api/network.onnx"))[0] == 404
    assert error_of(client.get("/api/network"))[0] == 404
    file = tmp_path / "network.onnx"
    file.write_bytes(b"network")
    monkeypatch.setattr(session.network, "file", lambda: file)
    monkeypatch.setattr(session.network, "facts", lambda: {"digest": "abc"})
    assert client.get("/api/network.onnx").content == b"network"
    assert client.get("/api/network").json() == {"digest": "abc"}
    for query, caching in [("", "private, no-cache"), ("?digest=x", "private, no-cache")]:
        assert client.get(f"/api/network.onnx{query}").headers["cache-control"] == caching
    assert "immutable" in client.get("/api/network.onnx?digest=abc").headers["cache-control"]


def test_photos_for_the_network(client, session):
    assert client.get("/api/state").json()["n_photos"] == 0
    stream = io.BytesIO()
    Image.new("RGB", (9, 7)).save(stream, "PNG")
    name = {"X-File-Name": urllib.parse.quote("../größe.png")}
    answer = client.post("/api/photos", content=stream.getvalue(), headers=name)
    assert answer.json() == {"name": "größe.png"}
    assert (session.project.folder / "photos" / "größe.png").read_bytes() == stream.getvalue()
    assert client.get("/api/state").json()["n_photos"] == 1
    code, text = error_of(client.post("/api/photos", content=b"x", headers={"X-File-Name": "a.png"}))
    assert code == 400
    assert "a.png" in text
    assert error_of(client.post("/api/photos", content=b"x"))[0] == 400


def test_label_files(client, session):
    label_map = np.zeros((64, 64), np.uint8)
    label_map[3:9] = 1
    data = label_map_to_png(label_map, TWO_PARTS)
    name = {"X-File-Name": urllib.parse.quote("größe/p0.png")}
    assert client.post("/api/labels/import", content=data, headers=name).json() == {
        "ids": ["p0"],
        "notes": [],
    }
    assert np.array_equal(labels(client), label_map)
    other = label_map_to_png(1 - label_map, TWO_PARTS)
    code, text = error_of(client.post("/api/labels/import", content=other, headers=name))
    assert (code, "there are other annotations of p0 already" in text) == (400, True)
    query = "?picture=p1&format=png&fill=unlabelled&replace=1"
    answer = client.post(f"/api/labels/import{query}", content=label_map_to_png(0 * label_map, TWO_PARTS))
    assert answer.json() == {
        "ids": ["p1"],
        "notes": ["labels.json: nothing but background is labelled in p1."],
    }
    assert client.post(f"/api/labels/import{query}", content=data).json()["ids"] == ["p1"]
    answer = client.get("/api/labels/export?format=palette-png&style=mask")
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="labels.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["labels/p0.png", "labels/p1.png"]
        assert archive.read("labels/p0.png") == data


@pytest.mark.parametrize(
    "picture",
    ["..", "%2e%2e", "..%2fproject.toml", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "p0%00", "p9", "%5c..%5cp0"],
)
def test_ids_lead_nowhere_else(client, picture):
    for path in ("image", "labels", "prediction", "superpixels"):
        assert client.get(f"/api/pictures/{picture}/{path}").status_code in (404, 405)
    for path in ("open?tab=a", "undo?tab=a", "accept?tab=a", "strokes?tab=a&x=0&y=0&w=1&h=1"):
        assert client.post(f"/api/pictures/{picture}/{path}", content=b"\0").status_code in (404, 405)
    assert client.post(f"/api/pictures/{picture}/choices", json={}).status_code in (404, 405)


@pytest.mark.parametrize(
    "name", ["../app.py", "%2e%2e/app.py", "..%2fapp.py", "%2fetc%2fpasswd", "//etc/passwd"]
)
def test_files_of_the_page_lead_nowhere_else(client, name):
    assert client.get(f"/{name}").status_code == 404


def test_the_page(client, tmp_path, monkeypatch):
    from partly.studio.http import built_page as page

    monkeypatch.setattr(page, "static_folder", lambda: tmp_path)
    answer = client.get("/")
    assert answer.status_code == 503
    assert "run: make studio" in answer.text
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "assets" / "a-123.js").write_text("1")
    (tmp_path / "ort.wasm").write_bytes(b"\0asm")
    (tmp_path / "ort.mjs").write_text("1")
    answer = client.get("/")
    assert (answer.status_code, answer.text) == (200, "<!doctype html>")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    script = client.get("/assets/a-123.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "immutable" in script.headers["cache-control"]
    assert client.get("/ort.wasm").headers["content-type"] == "application/wasm"
    assert client.get("/ort.mjs").headers["content-type"].startswith("text/javascript")
    assert error_of(client.get("/nothing")) == (404, "GET /nothing: There is nothing here.")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("x=0&y=0&w=1&h=1", "tab: Field required."),
        ("tab=a&x=0&y=0&w=0&h=1", "w: Input should be greater than or equal to 1."),
        ("tab=a&x=a&y=0&w=1&h=1", "x: Input should be a valid integer"),
        ("tab=a&x=64&y=0&w=1&h=1", "the box 64, 0, 1 x 1 px; expected one within 64 x 64 px."),
        ("tab=a&x=0&y=0&w=99999999999&h=1", "the box 0, 0, 99999999999 x 1 px"),
        ("tab=a%20b&x=0&y=0&w=1&h=1", "the tab is 'a b'; expected 1 to 64 letters"),
        ("tab=a&x=0&y=0&w=2&h=1", "the body has 1 bytes; expected 2 bytes."),
        ("tab=a&x=0&y=0&w=1&h=1&parts_version=3", "has no version 3 of the part set"),
    ],
)
def test_strokes_that_cannot_be(client, query, said):
    code, text = error_of(client.post(f"/api/pictures/p0/strokes?{query}", content=b"\1"))
    assert code == 400
    assert said in text
    assert (labels(client) == 255).all()


def test_a_stroke_of_parts_that_are_none(client):
    code, text = error_of(paint(client, 7))
    assert (code, "unknown part ids: 7 (256 pixels)" in text) == (400, True)


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("pictures/propose", b"{", "the body is no JSON"),
        ("pictures/propose", b"{}", "kind cannot be used (Field required)."),
        ("pictures/propose", b'{"kind": "another", "truncation": []}', "truncation"),
        ("pictures/propose", b'{"kind": "another", "truncation": [1, 2, 3]}', "truncation"),
        (
            "pictures/propose",
            b'{"kind": "another", "n": "3"}',
            "n cannot be used (Input should be a valid integer",
        ),
        ("pictures/p0/choices", b'{"path": 1}', "path cannot be used (Extra inputs are not permitted)."),
        ("jobs", b'{"verb": "fit", "options": []}', "options cannot be used"),
        ("jobs", b"[" * 20000, "the body is no JSON"),
    ],
)
def test_bodies_that_cannot_be(client, path, body, said):
    code, text = error_of(client.post(f"/api/{path}", content=body))
    assert code == 400
    assert said in text


def test_nothing_else_is_there(client):
    for path in ("/docs", "/redoc", "/openapi.json", "/api", "/api/"):
        assert client.get(path).status_code == 404
    assert client.put("/api/state").status_code == 405
