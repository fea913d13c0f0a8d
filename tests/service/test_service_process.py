"""The real service in a process of its own: no torch, several clients, bad ones, Ctrl-C."""

from __future__ import annotations

import json
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from partly.cli.command_line import run
from tests.service.conftest import photo_bytes
from tests.service.service_process import Service, service

BLOCKER = """
import importlib.abc, sys
class NoTorch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ImportError(f"{name} is not installed")
sys.meta_path.insert(0, NoTorch())
"""


def ended(one: Service, number: int = signal.SIGINT) -> tuple[int, str, str]:
    one.process.send_signal(number)
    out, err = one.process.communicate(timeout=30)
    return one.process.returncode, out, err


def until(fits: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not fits():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("before", ["", BLOCKER], ids=["free", "blocked"])
@pytest.mark.slow
def test_a_file_is_served_without_torch(small, before):
    with service(small.file.path, before=before) as one:
        assert one.ask("POST", "/segment", photo_bytes())[0] == 200
        assert one.ask("POST", "/segment?as=polygons", photo_bytes())[0] == 200
        code, out, err = ended(one)
    assert (code, out.splitlines()[-1], err.splitlines()[-1:]) == (
        0,
        "False",
        ["Ended."],
    )


@pytest.mark.slow
def test_clients_of_all_kinds(small):
    with service(small.file.path, "--at-once", "2", "--waiting", "16") as one:
        wanted = one.ask("POST", "/segment", photo_bytes())[1]
        answers: list[tuple[int, bytes]] = []

        def many() -> None:
            answers.extend(one.ask("POST", "/segment", photo_bytes()) for _ in range(6))

        threads = [threading.Thread(target=many) for _ in range(8)]
        for thread in threads:
            thread.start()
        gone(one)
        for thread in threads:
            thread.join()
        assert answers == [(200, wanted)] * 48
        slow_ones(one)
        until(lambda: one.open_requests() == 0)
        code, _, err = ended(one, signal.SIGTERM)
    assert code == 0
    assert "Traceback" not in err


def head_of(one: Service, n_bytes: int) -> bytes:
    lines = ("POST /segment HTTP/1.1", f"Host: 127.0.0.1:{one.port}", f"Content-Length: {n_bytes}")
    return "\r\n".join((*lines, "", "")).encode()


def gone(one: Service) -> None:
    """Clients that leave in the middle: of a head, of a body, and before the answer."""
    body = photo_bytes(400, 600)
    head = head_of(one, len(body))
    for sent in (b"POST /seg", head, head + body[:100], head + body):
        with one.raw() as client:
            client.sendall(sent)
    with one.raw() as client:
        client.sendall(b"\x00\xff no http\r\n\r\n")
        assert client.recv(99).startswith(b"HTTP/1.1 400")


def slow_ones(one: Service) -> None:
    """Clients that never finish: the head, the body, and those that send more than they said."""
    head = head_of(one, 5000)
    with one.raw() as no_head, one.raw() as no_body, one.raw() as nothing:
        no_head.sendall(b"POST /segment HTTP/1.1\r\nHost: ")
        no_body.sendall(head + b"x")
        assert no_body.recv(999).startswith(b"HTTP/1.1 408")
        for client in (no_head, nothing, no_body):
            try:
                while client.recv(999):
                    pass
            except ConnectionResetError:
                pass
    body = photo_bytes()
    with one.raw() as longer:
        longer.sendall(head_of(one, 20) + body)
        assert longer.recv(999).startswith(b"HTTP/1.1 4")


@pytest.mark.slow
def test_what_was_taken_on_is_answered_after_ctrl_c(small):
    with service(small.file.path, "--at-once", "1") as one:
        answers: list[int] = []
        body = photo_bytes(1500, 2000)
        threads = [
            threading.Thread(target=lambda: answers.append(one.ask("POST", "/segment", body)[0]))
            for _ in range(5)
        ]
        for thread in threads:
            thread.start()
        until(lambda: one.open_requests() == 5 or len(answers) > 0)
        code, _, _ = ended(one)
        for thread in threads:
            thread.join()
    assert code == 0
    assert answers == [200] * 5


def test_a_taken_port(small, capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert run(["serve", str(small.file.path), "--port", str(port)]) == 2
    assert f"port {port} of 127.0.0.1 is taken. Give another one with --port" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["nothing.onnx"], 1, "nothing.onnx: no such file; expected a network that partly export wrote."),
        (["FILE", "--with", "best"], 2, "--with best for a file; expected a project, or the file alone."),
        (["FILE", "--photos", "nothing"], 2, "nothing: is no folder; expected the folder of the photos."),
        (
            ["FILE", "--photos-from", "nowhere"],
            2,
            "--photos-from 'nowhere'; expected the beginning of an address",
        ),
        (["FILE", "--waiting", "0"], 2, "waiting is 0; expected"),
        (["FOLDER"], 1, "is neither a project nor a model folder"),
    ],
)
def test_refusals(small, tmp_path, monkeypatch, capsys, arguments, code, text):
    monkeypatch.chdir(tmp_path)
    named = {"FILE": str(small.file.path), "FOLDER": str(tmp_path)}
    assert run(["serve", *(named.get(word, word) for word in arguments), "--port", "0"]) == code
    assert text in capsys.readouterr().err


def test_onnxruntime_is_missing(small, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert run(["serve", str(small.file.path), "--port", "0"]) == 3
    assert "Install it: pip install 'partly[serve]'." in capsys.readouterr().err


def test_beyond_this_machine_a_token_is_asked_for(small, monkeypatch, capsys):
    monkeypatch.setattr("partly.web.serving.Server.run", lambda self, sockets: self._on_start())
    assert run(["serve", str(small.file.path), "--host", "0.0.0.0", "--port", "0", "--json"]) == 0
    out, err = capsys.readouterr()
    token = json.loads(out)["token"]
    assert len(token) >= 32
    assert f"It asks for the token {token}" in err
    monkeypatch.setenv("PARTLY_TOKEN", "of mine")
    assert run(["serve", str(small.file.path), "--port", "0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["token"] == "of mine"


@pytest.mark.parametrize("variable", ["PARTLY_TOKEN", "LABEL_STUDIO_API_KEY"])
def test_tokens_of_the_environment_fit_into_a_header(small, monkeypatch, capsys, variable):
    monkeypatch.setattr("partly.web.serving.Server.run", lambda self, sockets: self._on_start())
    monkeypatch.setenv(variable, "of mine\n")
    assert run(["serve", str(small.file.path), "--port", "0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["token"] == ("of mine" if "PARTLY" in variable else None)
    for token in ("zwei\nZeilen", "schlüssel", "\udcff"):
        monkeypatch.setenv(variable, token)
        assert run(["serve", str(small.file.path), "--port", "0"]) == 2
        told = capsys.readouterr().err
        assert f"{variable} cannot be sent in a header; expected one line of ASCII letters" in told
        assert token not in told


def test_a_folder_is_exported_once(small, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("partly.web.serving.Server.run", lambda self, sockets: self._on_start())
    folder = tmp_path / "network"
    small.network.save(folder)
    assert run(["serve", str(folder), "--port", "0"]) == 0
    told = capsys.readouterr().out
    assert f"Note: The network was exported, once: {folder / 'network.onnx'}." in told
    before = (folder / "network.onnx").stat().st_mtime_ns
    assert run(["serve", str(folder), "--port", "0"]) == 0
    assert "Note" not in capsys.readouterr().out
    assert (folder / "network.onnx").stat().st_mtime_ns == before


def test_a_folder_that_cannot_be_written(small, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("partly.web.serving.Server.run", lambda self, sockets: self._on_start())
    monkeypatch.setattr("partly.project.served_networks._can_write_to", lambda *_: False)
    monkeypatch.setattr("partly.project.served_networks.cache_folder", lambda: tmp_path / "cache")
    folder = tmp_path / "network"
    small.network.save(folder)
    file = tmp_path / "cache" / "exported" / f"{small.network.digest}.onnx"
    assert run(["serve", str(folder), "--port", "0"]) == 0
    assert f"exported, once: {file}" in capsys.readouterr().out
    assert not (folder / "network.onnx").exists()


def test_the_photo_shows_parts(small):
    """The tiny network says several things of the photo, or these tests would prove nothing."""
    from partly.inference.exported import load_exported, segment_exported

    found = segment_exported(load_exported(small.file.path), photo_bytes())
    assert len(np.unique(found.label_map)) > 2
