"""The photos of tasks: in a folder, at allowed addresses, in the task; and nowhere else."""

from __future__ import annotations

import base64
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import quote

import pytest

from partly.errors import BadOption, BadPhoto
from partly.service.answers import photo_fetching
from partly.service.answers.photo_fetching import AllowedAddress
from partly.service.answers.task_photos import TaskPhotos

PHOTO = b"a photo"


@pytest.fixture
def folder(tmp_path):
    photos = tmp_path / "photos"
    (photos / "upload" / "3").mkdir(parents=True)
    (photos / "cats").mkdir()
    for name in ("cats/ä b.png", "upload/3/01234567-x.png", "plain.png", "large.png"):
        (photos / name).write_bytes(PHOTO * (200 if name == "large.png" else 1))
    (tmp_path / "secret.png").write_bytes(b"secret")
    (photos / "inner.png").symlink_to(photos / "plain.png")
    (photos / "outer.png").symlink_to(tmp_path / "secret.png")
    (photos / "up").symlink_to(tmp_path)
    (photos / "circle").symlink_to(photos / "circle")
    os.mkfifo(photos / "pipe.png")
    return photos


@pytest.mark.parametrize(
    "address",
    [
        "/data/local-files/?d=cats/%C3%A4%20b.png",
        "/data/local-files/?d=cats%5C%C3%A4%20b.png",
        "/data/local-files?d=/cats/%C3%A4+b.png",
        "cats/ä b.png",
        "/data/upload/3/01234567-x.png",
        "/data/upload/9/89abcdef-plain.png",
        "http://localhost:8080/data/local-files/?d=cats/%C3%A4%20b.png",
        "http://localhost:8080/data/upload/9/89abcdef-plain.png",
        "inner.png",
        "./plain.png",
    ],
)
def test_files_of_label_studio(folder, address):
    assert TaskPhotos.of(folder, [], 100, None).read(address).data == PHOTO


@pytest.mark.parametrize(
    "address",
    [
        "../secret.png",
        "/data/local-files/?d=../secret.png",
        "/data/local-files/?d=cats/../../secret.png",
        "/data/local-files/?d=%2e%2e/secret.png",
        "/data/local-files/?d=..%5Csecret.png",
        "/data/upload/../../secret.png",
        "/data/upload/3/%2e%2e/%2e%2e/%2e%2e/secret.png",
        "outer.png",
        "up/secret.png",
        "up",
        "circle",
        "pipe.png",
        "cats",
        "nothing.png",
        "/etc/passwd",
        "/data/local-files/?d=/etc/passwd",
        "/data/local-files/",
        "a\0b",
        "x" * 5000,
    ],
)
def test_nothing_outside_of_the_folder_is_opened(folder, address):
    with pytest.raises(BadPhoto) as caught:
        TaskPhotos.of(folder, [], 100, None).read(address)
    assert "no such photo among the photos; expected a file in the folder that --photos names" in str(
        caught.value
    )
    assert len(str(caught.value)) < 600


def test_no_folder():
    with pytest.raises(BadPhoto, match=r"'a\.png': no such photo as no folder was named; .* --photos FOLDER"):
        TaskPhotos().read("a.png")


def test_a_folder_that_is_none(tmp_path):
    with pytest.raises(BadOption, match="is no folder; expected the folder of the photos"):
        TaskPhotos.of(tmp_path / "nothing", [], 100, None)


def test_a_file_that_is_too_large(folder):
    with pytest.raises(BadPhoto, match=r"large\.png has more bytes than fit; expected at most 100 bytes"):
        TaskPhotos.of(folder, [], 100, None).read("large.png")


@pytest.mark.parametrize(
    "address",
    [
        "data:image/png;base64," + base64.b64encode(PHOTO).decode(),
        "DATA:;base64," + quote(base64.b64encode(PHOTO).decode()),
        "data:image/png," + quote(PHOTO),
    ],
)
def test_photos_in_tasks(address):
    assert TaskPhotos().read(f" {address} ").data == PHOTO


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("data:image/png;base64,!!!", "the photo in the task is damaged"),
        ("data:image/png;base64,QQ", "the photo in the task is damaged"),
        ("data:image/png;base64", "the photo in the task is empty; expected a data: address"),
        ("data:,", "the photo in the task is empty"),
        ("data:," + "a" * 101, "the photo in the task has more bytes than fit; expected at most 100 bytes"),
        ("data:;base64," + "QUFB" * 40, "the photo in the task has more bytes"),
        ("s3://bucket/a.png", "expected an address of HTTP, a file of Label Studio, or a data: address"),
        ("file:///etc/passwd", "the task has the photo 'file:///etc/passwd'; expected an address of HTTP"),
        ("ftp://h/a.png", "expected an address of HTTP"),
        ("s3://me:pw@bucket/a.png?key=secret", "the task has the photo 's3://bucket/a.png'; expected"),
        ("http://[", "is no address"),
        ("http://me:pw@\u2100.example/a.png", "is no address; expected the address of a photo"),
        ("http://me:pw@[?key=secret", "'http://[' is no address"),
        ("http://h/a.png", "http://h: photos from there are not fetched; expected photos in the request."),
        ("http://me:pw@h/a.png", "http://h: photos from there are not fetched"),
        ("http://" + "h" * 5000, f"http://{'h' * 100}: photos from there are not fetched"),
        ("/data/local-files/?d=../x&key=pw", "'/data/local-files/': no such photo as no folder was named"),
        ("/../x?key=pw", "'/../x': no such photo as no folder was named"),
        ("", "the task has the photo ''; expected the address of a photo"),
        (None, "the task has the photo 'None'"),
        ([1], "the task has the photo '[1]'"),
    ],
)
def test_refused_addresses(address, text):
    with pytest.raises(BadPhoto) as caught:
        TaskPhotos(most_bytes=100).read(address)
    assert text in str(caught.value)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    ("beginning", "address", "allowed"),
    [
        ("http://h/", "http://h/a.png", True),
        ("http://h", "http://h/a.png", True),
        ("http://h", "http://H:80/a.png", True),
        ("https://h:443/x", "https://h/x/a.png?k=v", True),
        ("https://h/x/", "https://h/x/%C3%A4.png", True),
        ("http://[::1]:8080/", "http://[::1]:8080/a", True),
        ("http://h/", "https://h/a.png", False),
        ("http://h/", "http://h:81/a.png", False),
        ("http://h/", "http://h.evil/a.png", False),
        ("http://h/", "http://evil@h/a.png", False),
        ("http://h/", "http://h@evil/a.png", False),
        ("http://h/", "http://evil/http://h/", False),
        ("http://h/x", "http://h/xy/a.png", False),
        ("http://h/x", "http://h/x/../a.png", False),
        ("http://h/x", "http://h/x/%2e%2E/a.png", False),
        ("http://h/x", "http://h/x/%252e%252e/a.png", False),
        ("http://h/x", "http://h/x\\..\\a.png", False),
        ("http://h/", "http://h\\@evil/a.png", False),
        ("http://h/", "http://h:99999/", False),
        ("http://h/", "http://h/a b", False),
        ("http://h/", "http://h/a\r\nHost: x", False),
        ("http://h/", "//h/a.png", False),
        ("http://127.0.0.1/", "http://2130706433/a.png", False),
    ],
)
def test_what_lies_below_an_address(beginning, address, allowed):
    assert AllowedAddress.of(beginning).allows(address) is allowed


@pytest.mark.parametrize(
    "text", ["", "h", "ftp://h/", "http://", "http://u:p@h/", "http://h/?q", "http://h/#f", "http://h:x/"]
)
def test_beginnings_that_are_none(text):
    with pytest.raises(BadOption, match="expected the beginning of an address, such as"):
        AllowedAddress.of(text)


class Answers(BaseHTTPRequestHandler):
    """What another server may do."""

    asked: ClassVar[list[tuple[str, str | None]]] = []

    def handle(self):
        with suppress(OSError):  # the other side may hang up
            super().handle()

    def do_GET(self):
        self.asked.append((self.path, self.headers.get("Authorization")))
        if self.path.startswith("/circle"):
            self.send_response(302)
            self.send_header("Location", "/circle")
            self.end_headers()
        elif self.path.startswith("/leads"):
            self.send_response(302)
            self.send_header("Location", self.path.split("to=")[1])
            self.end_headers()
        elif self.path.startswith("/heavy"):
            self.send_response(302)
            self.send_header("Location", "/a.png")
            self.send_header("Content-Length", "10")
            self.end_headers()
            self.rfile.read(1)  # until the other side hangs up
        elif self.path.startswith("/drips"):
            self.send_response(200)
            if "body" in self.path:
                self.end_headers()
            self.drip()
        elif self.path.startswith("/missing"):
            self.send_error(404)
        elif self.path.startswith("/cut"):
            self.send_response(200)
            self.send_header("Content-Length", "999")
            self.end_headers()
            self.wfile.write(PHOTO)
        elif self.path.startswith("/no-http"):
            self.wfile.write(b"hello\r\n\r\n")
        else:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(PHOTO * (500 if self.path.startswith("/large") else 1))

    def drip(self):
        """Never silent for long, and never done."""
        self.flush_headers()
        for _ in range(300):
            self.wfile.write(b"x")
            time.sleep(0.02)

    def log_message(self, *_):
        pass


@pytest.fixture
def other() -> Iterator[str]:
    Answers.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_photo_is_fetched_with_the_token(other):
    photos = TaskPhotos.of(None, [other], 100, "secret")
    assert photos.read(f"{other}/a/b%20c.png?x=1").name == "b c.png"
    assert photos.read("/data/upload/1/x.png").data == PHOTO
    assert Answers.asked == [("/a/b%20c.png?x=1", "Token secret"), ("/data/upload/1/x.png", "Token secret")]


def test_the_token_is_for_the_first_address_alone(other):
    photos = TaskPhotos.of(None, ["http://127.0.0.1:9/", other], 100, "secret")
    assert photos.read(f"{other}/a.png").data == PHOTO
    assert Answers.asked == [("/a.png", None)]


def test_files_of_label_studio_stay_below_an_address(other):
    with pytest.raises(BadPhoto, match="no such photo as no folder was named"):
        TaskPhotos.of(None, [f"{other}/photos/"], 100, None).read("/data/upload/1/x.png")
    assert TaskPhotos.of(None, [f"{other}/data/"], 100, None).read("/data/upload/1/x.png").data == PHOTO
    assert [path for path, _ in Answers.asked] == ["/data/upload/1/x.png"]


def test_a_file_of_the_folder_comes_first(other, folder):
    assert TaskPhotos.of(folder, [other], 100, None).read("/data/upload/3/01234567-x.png").data == PHOTO
    assert Answers.asked == []


def test_redirections_stay_where_photos_may_be_fetched(other):
    photos = TaskPhotos.of(None, [other], 100, "secret")
    assert photos.read(f"{other}/leads?to={other}/a.png").data == PHOTO
    assert Answers.asked[-1] == ("/a.png", None)
    for target in (
        "http://localhost:1/",
        "file:///etc/passwd",
        "ftp://h/",
        "s3://bucket/a.png?Signature=secret",
        other.replace("127.0.0.1", "localhost"),
    ):
        with pytest.raises(BadPhoto) as caught:
            photos.read(f"{other}/leads?key=secret&to={target}")
        assert "secret" not in str(caught.value)
        assert "where none may be fetched" in str(caught.value) or "the answer was 302;" in str(caught.value)


def test_redirections_in_a_circle(other):
    with pytest.raises(BadPhoto, match="the answer was 302"):
        TaskPhotos.of(None, [other], 100, None).read(f"{other}/circle")
    assert len(Answers.asked) < 10


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/missing", "the answer was 404; expected a photo."),
        ("/large", "it has more bytes than fit; expected at most 100 bytes."),
        ("/cut", "ended after 7 bytes; expected 999 bytes."),
        ("/no-http", "cannot be fetched"),
    ],
)
def test_what_cannot_be_fetched(other, path, text):
    with pytest.raises(BadPhoto) as caught:
        TaskPhotos.of(None, [other], 100, None).read(other + path + "?key=secret")
    assert text in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_server_that_takes_too_long(other, monkeypatch):
    monkeypatch.setattr(photo_fetching, "_LONGEST_S", -1.0)
    with pytest.raises(BadPhoto, match="it took longer than -1 s"):
        TaskPhotos.of(None, [other], 100, None).read(other + "/a")


@pytest.mark.parametrize("path", ["/drips-head", "/drips-body"])
def test_a_server_that_is_never_silent_for_long(other, monkeypatch, path):
    monkeypatch.setattr(photo_fetching, "_LONGEST_S", 0.3)
    begun = time.monotonic()
    with pytest.raises(BadPhoto, match=r"it took longer than 0\.3 s"):
        TaskPhotos.of(None, [other], 1000, None).read(other + path)
    assert time.monotonic() - begun < 3


def test_the_body_of_a_redirection_is_not_read(other, monkeypatch):
    monkeypatch.setattr(photo_fetching, "_LONGEST_S", 2.0)
    assert TaskPhotos.of(None, [other], 100, None).read(other + "/heavy").data == PHOTO


def test_a_token_that_cannot_be_sent_is_not_told(other):
    with pytest.raises(BadPhoto, match="cannot be fetched") as caught:
        TaskPhotos.of(None, [other], 100, "secret\n").read(other + "/a.png")
    assert "secret" not in str(caught.value)


def test_nobody_listens():
    with pytest.raises(BadPhoto, match=r"http://127\.0\.0\.1:9/a: cannot be fetched \("):
        TaskPhotos.of(None, ["http://127.0.0.1:9/"], 100, None).read("http://127.0.0.1:9/a")
