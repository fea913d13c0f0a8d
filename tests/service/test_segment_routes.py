"""Photos over HTTP: label maps, polygons, run lengths, and refusals."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import zlib

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco
from starlette.requests import ClientDisconnect, Request
from starlette.testclient import TestClient

from partly.data.labels.label_maps import label_map_to_png
from partly.data.labels.rasterise import polygon_mask
from partly.data.photos.encoding import encode_jpeg
from partly.inference.segment.segment_photo_file import segment_photo
from partly.service.http import request_photos
from partly.service.http.service_server import service_app
from partly.service.http.what_is_served import Served
from partly.web.security import Security
from tests.service.conftest import ADDRESS, photo_bytes


def label_map_of(segmenting, data):
    return segmenting.segment(data).segmentation.label_map


def test_a_label_map_is_what_partly_segment_writes(client, small):
    data = photo_bytes()
    answer = client.post("/segment", content=data)
    by_torch = segment_photo(small.network, data)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    found = np.asarray(Image.open(io.BytesIO(answer.content)))
    assert (found != by_torch.label_map).mean() < 0.001
    assert answer.content == label_map_to_png(found, small.network.part_set)
    assert answer.headers["x-model-version"].startswith("unet-small-")


@pytest.mark.parametrize("query", ["as=polygons", "as=polygons&tolerance=0"])
def test_polygons_give_the_label_map_again(client, segmenting, query):
    data = photo_bytes()
    answer = client.post(f"/segment?{query}", content=data)
    assert answer.headers["content-type"] == "application/json"
    value = answer.json()
    label_map = np.zeros((value["height_px"], value["width_px"]), np.uint8)
    for part in value["parts"][1:]:
        for piece in part["pieces"]:
            mask = polygon_mask(np.array(piece["outline"], float), label_map.shape)
            for hole in piece["holes"]:
                mask &= ~polygon_mask(np.array(hole, float), label_map.shape)
            label_map[mask] = part["id"]
    assert np.array_equal(label_map, label_map_of(segmenting, data))
    assert [part["n_pixels"] for part in value["parts"]] == [
        int((label_map == part["id"]).sum()) for part in value["parts"]
    ]
    assert all(0.25 <= part["confidence"] <= 1 for part in value["parts"])


def test_a_tolerance_leaves_corners_out(client):
    data = photo_bytes()
    sizes = [
        len(client.post(f"/segment?as=polygons&tolerance={px}", content=data).content) for px in (0, 1, 9)
    ]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 3


# pycocotools converts arrays as NumPy 1 did.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_run_lengths_are_those_of_coco(client, segmenting):
    data = photo_bytes()
    label_map = label_map_of(segmenting, data)
    parts = client.post("/segment?as=runs", content=data).json()["parts"]
    assert "segmentation" not in parts[0]
    for part in parts[1:]:
        assert np.array_equal(coco.decode(part["segmentation"]).astype(bool), label_map == part["id"])


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("image/png", "image/png"),
        ("application/json", "application/json"),
        ("text/html, application/json;q=0.9, */*;q=0.1", "application/json"),
        ("application/json;q=0, */*", "image/png"),
        ("IMAGE/PNG;q=0.2, application/json;q=0.3", "application/json"),
        ("image/png;q=x, application/json;q=0.1", "application/json"),
    ],
)
def test_accept_chooses_the_form(client, accept, expected):
    answer = client.post("/segment", content=photo_bytes(), headers={"Accept": accept})
    assert answer.headers["content-type"] == expected


def test_a_form_with_a_file(client, segmenting):
    data = photo_bytes()
    answer = client.post("/segment", files={"anything": ("a b.png", data)}, data={"note": "x"})
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(answer.content))), label_map_of(segmenting, data))


def test_what_was_mended_is_told(client):
    data = encode_jpeg(np.full((30, 40, 3), 99, np.uint8))[:-2]
    answer = client.post("/segment", content=data)
    assert answer.headers["x-mended"] == "its%20end%20marker%20is%20missing%2C%20all%20pixels%20are%20there"
    assert client.post("/segment?as=polygons", content=data).json()["mended"] == [
        "its end marker is missing, all pixels are there"
    ]


def test_what_is_served(client, small):
    about = client.get("/").json()
    assert about["status"] == "UP"
    assert about["parts"][1] == {
        "id": 1,
        "name": "linkes Öhr",
        "colour": [9, 0, 0],
        "mirror": "rechtes Öhr",
    }
    assert about["network"] == {
        "file": "unet-small.onnx",
        "n_bytes": small.file.n_bytes,
        "architecture": "unet-small",
        "digest": small.network.digest,
        "size_px": 48,
        "only_size_px": None,
    }
    assert about["view"] == {"size_px": None, "mirror_average": True, "scales": [1.0], "refine": False}
    assert about["limits"] == {"photo_bytes": 32 << 20, "photo_pixels": 1_000_000, "requests": 64}
    assert client.get("/health").json() == {
        "status": "UP",
        "model_class": "Partly",
        "model_version": about["model_version"],
    }
    assert client.get("/metrics").json() == {"open_requests": 0}


def chunk(name: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")


def bomb() -> bytes:
    """A PNG of a few bytes that says it is of 60000 x 60000 px."""
    head = (60_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 99))
        + chunk(b"IEND", b"")
    )


BOUNDARY = {"Content-Type": "multipart/form-data; boundary=xx"}
FORM_WITHOUT_END = (
    b'--xx\r\nContent-Disposition: form-data; name="a"; filename="a.png"\r\n\r\n' + photo_bytes()
)
REFUSED = [
    ({"content": b""}, 400, "the body is empty; expected a photo."),
    ({"content": b"hello"}, 422, "photo: is no image of a known format"),
    ({"content": photo_bytes()[:200]}, 422, "photo: "),
    ({"content": bomb()}, 422, "has 60000 x 60000 pixels (3600 megapixels); expected at most 1 megapixels"),
    ({"content": gzip.compress(photo_bytes(), mtime=0)}, 422, "photo: is no image of a known format"),
    ({"files": {}, "data": {"photo": "x"}, "headers": BOUNDARY}, 400, "the form cannot be read"),
    ({"files": [("a", b"x"), ("b", b"y")]}, 400, "the form has 2 files; expected one, the photo."),
    ({"content": b"--xx--\r\n", "headers": BOUNDARY}, 400, "the form has 0 files; expected one, the photo."),
    ({"content": FORM_WITHOUT_END, "headers": BOUNDARY}, 400, "the form is cut off; expected a boundary"),
    ({"content": b"no form", "headers": BOUNDARY}, 400, "the form cannot be read"),
    ({"content": b"", "headers": {"Content-Type": "multipart/form-data"}}, 400, "the form cannot be read"),
    (
        {"content": photo_bytes(), "params": {"as": "masks"}},
        400,
        "as=masks; expected one of labels, polygons, runs.",
    ),
    (
        {"content": photo_bytes(), "params": {"tolerance": "nan"}},
        400,
        "tolerance=nan; expected pixels, from 0 to 100.",
    ),
    ({"content": photo_bytes(), "params": {"tolerance": "x"}}, 400, "tolerance=x; expected pixels"),
    (
        {"content": photo_bytes(), "headers": {"Accept": "text/html"}},
        406,
        "Accept: text/html; expected image/png",
    ),
]


@pytest.mark.parametrize(("request_", "status", "text"), REFUSED, ids=range(len(REFUSED)))
def test_refusals(client, request_, status, text):
    answer = client.post("/segment", **request_)
    assert answer.status_code == status, answer.text
    assert text in answer.json()["error"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/segment", 405), ("DELETE", "/", 405), ("POST", "/nothing", 404), ("GET", "/%00", 404)],
)
def test_unknown_paths_and_methods(client, method, path, status):
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.json()["error"].startswith(method)


def test_a_body_that_is_too_large(client, monkeypatch):
    monkeypatch.setattr(request_photos, "MAX_PHOTO_BYTES", 1000)
    most = 1000 + (1 << 16)
    for content in (b"x" * (most + 1), iter([b"x" * 9000] * 9)):
        answer = client.post("/segment", content=content)
        assert answer.status_code == 413
        assert f"expected at most {most} bytes" in answer.json()["error"]


def test_a_body_that_does_not_come(client, monkeypatch):
    monkeypatch.setattr(request_photos, "BODY_S", 0.02)
    monkeypatch.setattr(request_photos, "read_body", lambda *_: asyncio.sleep(5))
    answer = client.post("/segment", content=photo_bytes())
    assert answer.status_code == 408
    assert answer.json() == {"error": "the body is not there after 0.02 s. Send it faster."}


def test_too_many_requests_are_told_to_come_back(serve):
    served = serve(waiting=1)
    client = TestClient(service_app(served, Security(port=9090)), base_url=ADDRESS)
    with served.admission.taken_on(10):
        answer = client.post("/segment", content=photo_bytes())
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.json() == {"error": "1 requests are being worked on. Try again in 1 s."}
        assert client.get("/health").status_code == 200
    assert client.post("/segment", content=photo_bytes()).status_code == 200
    assert (served.admission.n_requests, served.admission.n_bytes) == (0, 0)


def test_who_hangs_up_while_waiting_is_not_worked_for(serve):
    done: list[str] = []

    async def wait_and_go(served: Served) -> None:
        there = asyncio.Event()

        async def receive() -> dict[str, str]:
            await there.wait()
            return {"type": "http.disconnect"}

        async with served.workers.turn, served.workers.turn:
            request = Request({"type": "http"}, receive)
            waiting = asyncio.create_task(served.worked(request, lambda: done.append("work")))
            await asyncio.sleep(0)
            there.set()
        with pytest.raises(ClientDisconnect):
            await waiting

    asyncio.run(wait_and_go(serve()))
    assert done == []


def test_refusals_leave_nothing_open(serve):
    served = serve()
    client = TestClient(service_app(served, Security(port=9090)), base_url=ADDRESS)
    for request, _, _ in REFUSED:
        client.post("/segment", **request)
    assert (served.admission.n_requests, served.admission.n_bytes) == (0, 0)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example:9090"}, 421),
        ({"Host": "127.0.0.1:9091"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "partly.lan:9090"}, 200),
        ({"Host": "partly.lan"}, 200),
        ({"Host": "Proxy:80"}, 200),
        ({"Host": "proxy:9090"}, 421),
    ],
)
def test_who_may_ask(serve, headers, status):
    security = Security(port=9090, names=("partly.lan", "proxy:80"))
    client = TestClient(service_app(serve(), security), base_url=ADDRESS)
    answer = client.post("/segment", content=photo_bytes(), headers=headers)
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    if status == 421:
        assert (
            "Use the address that partly serve printed, or name this one: --name." in answer.json()["error"]
        )


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("Bearer secret", 200),
        ("Token secret", 200),
        ("Basic bmFtZTpzZWNyZXQ=", 200),
        ("Basic !!", 401),
        ("Basic /////w==", 401),
        ("Bearer other", 401),
        ("", 401),
    ],
)
def test_the_token(serve, given, status):
    client = TestClient(service_app(serve(), Security(port=9090, token="secret")), base_url=ADDRESS)
    answer = client.get("/health", headers={"Authorization": given} if given else {})
    assert answer.status_code == status
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_json_is_utf_8(client):
    answer = client.post("/segment?as=runs", content=photo_bytes())
    assert "Öhr" in json.loads(answer.content.decode("utf-8"))["parts"][1]["name"]
