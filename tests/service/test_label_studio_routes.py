"""The messages of Label Studio to its ML backends."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from starlette.testclient import TestClient

from partly.data.label_formats.brush_codes import brush_pixels
from partly.data.labels.rasterise import polygon_mask
from partly.service.answers.task_photos import TaskPhoto, TaskPhotos
from partly.service.http import label_studio_routes
from partly.service.http.service_server import service_app
from partly.web.security import Security
from tests.service.conftest import ADDRESS, photo_bytes

NAMES = ("linkes Öhr", "rechtes Öhr", "hair")
LABELS = "".join(f'<Label value="{name}"/>' for name in NAMES)
CONFIG = (
    '<View><Image name="image" value="$image"/>'
    f'<{{kind}}Labels name="tag" toName="image">{LABELS}</{{kind}}Labels></View>'
)


def uri(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


def request_of(*addresses: object, kind: str = "Brush") -> dict[str, object]:
    """As Label Studio sends it."""
    return {
        "tasks": [{"id": i, "data": {"image": one}, "annotations": []} for i, one in enumerate(addresses)],
        "project": "7.1700000000",
        "label_config": CONFIG.format(kind=kind),
        "params": {"login": None, "password": None, "context": None},
    }


def test_brush_strokes_are_the_label_map(client, segmenting):
    data = photo_bytes()
    answer = client.post("/predict", json=request_of(uri(data)))
    assert answer.status_code == 200, answer.text
    (prediction,) = answer.json()["results"]
    assert prediction["model_version"] == segmenting.model_version
    assert 0.25 < prediction["score"] <= 1
    label_map = segmenting.segment(data).segmentation.label_map
    found = np.zeros_like(label_map)
    for region in prediction["result"]:
        assert (region["from_name"], region["to_name"], region["type"]) == ("tag", "image", "brushlabels")
        assert (region["original_width"], region["original_height"]) == (60, 40)
        assert (region["image_rotation"], region["value"]["format"]) == (0, "rle")
        (name,) = region["value"]["brushlabels"]
        pixels = brush_pixels(bytes(region["value"]["rle"]), label_map.size).reshape(label_map.shape)
        found[pixels] = NAMES.index(name) + 1
    assert np.array_equal(found, label_map)
    assert len({region["id"] for region in prediction["result"]}) == len(prediction["result"])


@pytest.mark.parametrize("tolerance_px", [0.0, 1.0])
def test_polygons_in_per_cent(serve, segmenting, tolerance_px):
    served = serve(tolerance_px=tolerance_px)
    client = TestClient(service_app(served, Security(port=9090)), base_url=ADDRESS)
    data = photo_bytes()
    (prediction,) = client.post("/predict", json=request_of(uri(data), kind="Polygon")).json()["results"]
    label_map = segmenting.segment(data).segmentation.label_map
    found = np.zeros_like(label_map)
    for region in prediction["result"]:
        assert (region["type"], region["value"]["closed"]) == ("polygonlabels", True)
        points = np.array(region["value"]["points"]) * (60, 40) / 100
        found[polygon_mask(points, found.shape)] = NAMES.index(region["value"]["polygonlabels"][0]) + 1
    if tolerance_px:
        assert (found == label_map).mean() > 0.8
    else:
        assert np.array_equal(found, label_map)


def test_tasks_keep_their_order_and_one_that_fails_fails_alone(client, segmenting):
    sizes = [(40, 60), (48, 48), (20, 30)]
    photos = [uri(photo_bytes(*size)) for size in sizes]
    results = client.post("/predict", json=request_of(*photos[:2], "nothing.png", photos[2])).json()[
        "results"
    ]
    assert len(results) == 4
    assert results[2] == {
        "result": [],
        "score": 0.0,
        "model_version": segmenting.model_version,
        "error": results[2]["error"],
    }
    assert results[2]["error"].startswith("'nothing.png': no such photo as no folder was named")
    found = [results[i]["result"][0] for i in (0, 1, 3)]
    assert [(one["original_height"], one["original_width"]) for one in found] == sizes


def test_a_photo_in_the_folder(serve, tmp_path):
    (tmp_path / "upload" / "7").mkdir(parents=True)
    (tmp_path / "upload" / "7" / "a.png").write_bytes(photo_bytes())
    served = serve(TaskPhotos.of(tmp_path, [], 1 << 20, None))
    client = TestClient(service_app(served, Security(port=9090)), base_url=ADDRESS)
    assert client.post("/predict", json=request_of("/data/upload/7/a.png")).json()["results"][0]["result"]


class CountedPhotos:
    """Counts photos that are being had, which takes a while."""

    def __init__(self) -> None:
        self.n = self.n_now = self.most = 0
        self._lock = threading.Lock()

    def read(self, address: object) -> TaskPhoto:
        with self._lock:
            self.n, self.n_now = self.n + 1, self.n_now + 1
            self.most = max(self.most, self.n_now)
        time.sleep(0.02)
        with self._lock:
            self.n_now -= 1
        return TaskPhotos().read(address)


def test_few_photos_are_had_at_once_however_many_requests_there_are(serve):
    photos, body = CountedPhotos(), request_of(*[uri(photo_bytes(8, 8))] * 3)
    app = service_app(serve(photos), Security(port=9090))
    with TestClient(app, base_url=ADDRESS) as client, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: client.post("/predict", json=body).status_code, range(4)))
    assert (answers, photos.n, photos.most) == ([200] * 4, 12, 2)


def test_no_photos_are_had_for_who_has_gone(serve):
    photos = CountedPhotos()
    served = serve(photos)
    body = json.dumps(request_of(*[uri(photo_bytes())] * 5)).encode()
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/predict",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:9090"), (b"content-length", str(len(body)).encode())],
    }
    messages = [{"type": "http.request", "body": body}]
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    asyncio.run(service_app(served, Security(port=9090))(scope, receive, send))
    assert (sent[0]["status"], photos.n, served.admission.n_requests) == (499, 0, 0)


def test_setup_and_then_predict_without_a_setup(client, segmenting):
    body = {
        "project": "7.17",
        "schema": CONFIG.format(kind="Brush"),
        "hostname": "http://h",
        "access_token": "t",
    }
    assert client.post("/setup", json=body).json() == {"model_version": segmenting.model_version}
    request = request_of(uri(photo_bytes())) | {"project": "7.17"}
    del request["label_config"]
    assert client.post("/predict", json=request).json()["results"][0]["result"]
    assert client.post("/predict", json=request | {"project": "8.17"}).status_code == 400


def test_a_project_that_is_not_set_up_yet(client):
    assert client.post("/setup", json={"project": "1.1", "schema": ""}).status_code == 200
    assert client.post("/setup", json={}).status_code == 200


@pytest.mark.parametrize(("path", "method"), [("/versions", "GET"), ("/versions", "POST")])
def test_versions(client, segmenting, path, method):
    assert client.request(method, path, json={}).json() == {"versions": [segmenting.model_version]}


def test_training_is_declined_politely(client):
    train = client.post("/train", json={"project": "1.1", "annotations": []}).json()
    assert train["status"] == "ok"
    assert train["detail"].startswith("This service only predicts. Export the annotations as JSON")
    hook = client.post("/webhook", json={"action": "ANNOTATION_CREATED", "annotation": {}}).json()
    assert (hook["status"], hook["action"]) == ("ok", "ANNOTATION_CREATED")


def test_half_a_character_is_refused(client):
    answer = client.post("/webhook", content=b'{"action": "\\ud800"}')
    assert answer.status_code == 400
    assert "surrogates not allowed" in answer.json()["error"]
    whole = client.post("/webhook", content=b'{"action": "\\ud83d\\ude00"}')
    assert whole.json()["action"] == "\N{GRINNING FACE}"


GOOD = request_of("x.png")
REFUSED = [
    (b"{", "the body is no JSON"),
    (b"[" * 100_000, "the body is no JSON"),
    (b"\xff\xfe{", "the body is no JSON"),
    (
        b'{"tasks": [{"data": {"image": "http://\\ud800/x"}}]}',
        "the body is no JSON ('utf-8' codec can't encode",
    ),
    (b'{"\xed\xa0\x80": 1}', "surrogates not allowed"),
    (b"[]", "the body is a JSON list; expected an object."),
    (b"null", "the body is a JSON NoneType; expected an object."),
    ({}, 'the request has no tasks; expected {"tasks": [{"data": {...}}, ...], ...}.'),
    ({"tasks": {}}, "the request has no tasks"),
    ({"tasks": [{"data": {}}, 3]}, "task no. 2 has no data"),
    (GOOD | {"tasks": [{"data": {}}] * 101}, "the request has 101 tasks; expected at most 100."),
    (GOOD | {"label_config": 7, "project": "none"}, "no label_config, and the project was not set up here"),
    (GOOD | {"label_config": "<!DOCTYPE x><View/>"}, "the labelling setup has a DOCTYPE"),
]


@pytest.mark.parametrize(("body", "text"), REFUSED, ids=range(len(REFUSED)))
def test_refusals(client, body, text):
    sent = {"content": body} if isinstance(body, bytes) else {"json": body}
    answer = client.post("/predict", **sent)
    assert answer.status_code == 400
    assert text in answer.json()["error"]


def test_if_all_photos_fail_the_first_reason_is_the_answer(client):
    answer = client.post("/predict", json=request_of("http://h/a.png", None))
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("http://h: photos from there are not fetched")


def test_tasks_that_are_too_large(client, monkeypatch):
    monkeypatch.setattr(label_studio_routes, "MAX_TASKS_BYTES", 100)
    for path in ("/predict", "/setup", "/train", "/webhook"):
        assert client.post(path, content=b"x" * 101).status_code == 413
