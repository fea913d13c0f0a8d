"""Bodies are read no further than they may go."""

import pytest

from partly.studio.http import project_routes
from partly.studio.session import label_exchange, photo_network

PIECE = b"\1" * 4096


class Stream:
    """Pieces without an announced length, counted as they are taken."""

    def __init__(self, n_pieces):
        self.left = n_pieces

    def __iter__(self):
        while self.left:
            self.left -= 1
            yield PIECE


@pytest.mark.parametrize(
    ("path", "most_bytes"),
    [
        ("/api/pictures/p0/strokes?tab=a&x=0&y=0&w=64&h=64", 4096),
        ("/api/pictures/propose", 64 * 1024),
        ("/api/pictures/from-wall", 64 * 1024),
        ("/api/pictures/p0/choices", 64 * 1024),
        ("/api/parts", 64 * 1024),
        ("/api/jobs", 64 * 1024),
        ("/api/segment", 2 * 4096),
        ("/api/labels/import", 3 * 4096),
    ],
)
def test_too_large_bodies(client, session, monkeypatch, path, most_bytes):
    monkeypatch.setattr(project_routes, "MAX_PHOTO_BYTES", 2 * 4096)
    monkeypatch.setattr(project_routes, "MAX_FILE_BYTES", 3 * 4096)
    announced = client.post(path, content=PIECE * (most_bytes // 4096 + 1))
    assert announced.status_code == 413
    text = f"the body has {len(PIECE) * (most_bytes // 4096 + 1)} bytes; expected at most {most_bytes} bytes."
    assert announced.json() == {"error": text}
    streamed = client.post(path, content=iter(Stream(most_bytes // 4096 + 1)))
    assert streamed.status_code == 413
    assert streamed.json() == {"error": f"the body has more; expected at most {most_bytes} bytes."}
    assert session.painting.open("p0", "a")[1].n_strokes == 0


def test_a_body_of_another_length_than_announced(client):
    path = "/api/pictures/p0/strokes?tab=a&x=0&y=0&w=2&h=1"
    assert client.post(path, content=b"\1\1", headers={"Content-Length": "1"}).status_code == 200
    assert client.post(path, content=b"\1\1\1", headers={"Content-Length": "2"}).status_code == 413


def test_the_limits_are_told(client):
    limits = client.get("/api/state").json()["limits"]
    assert limits == {"photo_bytes": 32 * 2**20, "photo_pixels": photo_network.MAX_PHOTO_PIXELS}
    assert label_exchange.MAX_FILE_BYTES == 64 * 2**20
