"""The real server, in a process of its own."""

import json
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest
from benchmarks.studio_kills import Model, Stroke, lost_strokes
from benchmarks.studio_server import EventStream, Page, StudioServer

from partly.cli.command_line import run
from partly.data.labels.annotation import load_annotation
from partly.errors import BadOption
from partly.studio.http import built_page, serving
from partly.studio.http.serving import serve
from partly.studio.session.session import Session
from partly.web import serving as web_serving
from tests.fakes import TWO_PARTS
from tests.studio.tiny_sessions import TINY_STUDIO


@pytest.fixture(autouse=True)
def small_processes(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.delenv("DISPLAY", raising=False)


def block(part):
    return np.full((20, 20), part, np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_from_the_start_to_ctrl_c(pictured_project, number):
    with StudioServer(pictured_project.folder) as server, Page(server) as page:
        events = EventStream(server)
        hello = events.wait("hello")
        assert hello["parts_version"] == 0
        page.json("POST", "/pictures/p0/open", tab="page")
        page.paint("p0", 0, 0, block(0))
        page.paint("p0", 30, 30, block(1))
        labels = page.labels("p0")
        if number == signal.SIGINT:
            answer = (None, b"")
            while len(answer[1]) != 2 * 64 * 64:
                events.wait("prediction", lambda data: data["id"] == "p0")
                answer = page.ask("GET", "/pictures/p0/prediction")
        assert server.stop(number) == 0
        events.wait("closing")
    assert np.array_equal(load_annotation(pictured_project.annotations, "p0", TWO_PARTS).label_map, labels)


@pytest.mark.slow
def test_no_acknowledged_stroke_is_lost(pictured_project):
    found = lost_strokes(pictured_project.folder, 3, n_parts=2, seed=1)
    assert [kill["lost"] for kill in found] == [0, 0, 0]
    assert found[-1]["n_acknowledged"] > 3


def test_the_model_of_the_kills_undoes_and_redoes():
    model = Model(4, 6)
    first, second = (Stroke(i, i, np.full((1, 1), i, np.uint8)) for i in range(2))
    for step in (first, second, "undo", "redo", "undo", "undo", "undo", "redo", first):
        model.take(step)
    assert model.label_map[0, 0] == 0
    assert (model.label_map != 255).sum() == 1
    model.take("redo")
    assert model.label_map[1, 1] == 1
    model.take("undo")
    model.take(Stroke(3, 3, np.zeros((1, 1), np.uint8)))
    model.take("redo")
    assert (model.label_map != 255).sum() == 2


def test_a_second_server_of_one_project_is_refused(pictured_project, capsys):
    with Session(pictured_project, TINY_STUDIO):
        assert run(["label", str(pictured_project.folder), "--no-browser"]) == 1
    assert "is open in another studio" in capsys.readouterr().err


@pytest.fixture
def taken():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def served(session, monkeypatch, **options):
    """What the runner would serve, without running it."""
    addresses = []
    monkeypatch.setattr(web_serving.Server, "run", lambda self, sockets: self._on_start())
    serve(session, on_start=addresses.append, open_browser=False, **options)
    return addresses[0]


def test_a_taken_port(session, monkeypatch, taken):
    text = f"port {taken} of 127.0.0.1 is taken. Give another one with --port, or none"
    with pytest.raises(BadOption, match=text):
        serve(session, port=taken)
    assert session._is_closed


def test_the_next_free_port(session, monkeypatch, taken):
    monkeypatch.setattr(serving, "DEFAULT_PORT", taken)
    url = served(session, monkeypatch)
    port = int(url.removesuffix("/").rsplit(":")[-1])
    assert taken < port < taken + 50


def test_the_port_of_last_time(session, pictured_project, monkeypatch):
    first = served(session, monkeypatch, port=0)
    second = served(Session(pictured_project, TINY_STUDIO), monkeypatch)
    assert second == first
    with socket.create_server(("127.0.0.1", int(first.removesuffix("/").rsplit(":")[-1]))):
        assert served(Session(pictured_project, TINY_STUDIO), monkeypatch) != first


@pytest.mark.parametrize("text", ["{", '{"port": "x"}', '{"port": 70000}', '{"port": true}'])
def test_a_damaged_address_is_no_address(tmp_path, text):
    (tmp_path / "address.json").write_text(text)
    assert serving._port_of(tmp_path / "address.json") == []


def test_no_port_is_free(session, monkeypatch, taken):
    monkeypatch.setattr(serving, "DEFAULT_PORT", taken)
    monkeypatch.setattr(web_serving, "_N_PORTS", 1)
    with pytest.raises(BadOption, match=f"the ports {taken} to {taken} of 127.0.0.1 are taken"):
        serve(session)


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host"])
def test_an_address_that_cannot_be_had(session, host):
    with pytest.raises(BadOption, match=r"cannot be used .*; expected an address of this machine"):
        serve(session, host, 0)


def test_beyond_this_machine_the_address_has_a_token(session, monkeypatch):
    url = served(session, monkeypatch, host="0.0.0.0", port=0)
    assert len(url.split("?token=")[1]) >= 32


@pytest.mark.parametrize(("display", "is_built"), [(":0", True), (None, True), (":0", False)])
def test_a_browser_is_opened_where_there_is_one_and_a_page(session, monkeypatch, display, is_built):
    opened = []
    monkeypatch.setattr(serving, "is_built", lambda: is_built)
    monkeypatch.setattr(serving.webbrowser, "open", opened.append)
    monkeypatch.setattr(web_serving.Server, "run", lambda self, sockets: self._on_start())
    if display:
        monkeypatch.setenv("DISPLAY", display)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(serving.platform, "system", lambda: "Linux")
    serve(session, port=0)
    assert len(opened) == bool(display and is_built)


@pytest.mark.parametrize("is_built", [True, False])
def test_an_unbuilt_page_is_told_before_the_address(project, monkeypatch, capsys, tmp_path, is_built):
    if is_built:
        (tmp_path / "index.html").touch()
    monkeypatch.setattr(built_page, "static_folder", lambda: tmp_path)
    monkeypatch.setattr(web_serving.Server, "run", lambda self, sockets: self._on_start())
    assert run(["label", str(project.folder), "--port", "0", "--no-browser"]) == 0
    before, _, _ = capsys.readouterr().out.partition("The studio is open at")
    assert ("The page of the studio is not built" in before) != is_built
    assert ("run: make studio" in before) != is_built


def test_the_command_makes_a_project(tmp_path, monkeypatch, capsys, generator_folder):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(web_serving.Server, "run", lambda self, sockets: self._on_start())
    assert run(["label", "--no-browser", "--port", "0", "--json", "--generator", str(generator_folder)]) == 0
    captured = capsys.readouterr()
    result = json.loads(captured.out)
    assert result["project"] == "my-parts"
    assert result["url"].startswith("http://127.0.0.1:")
    assert "Made my-parts with the generator" in captured.err
    assert "All is saved. Go on with: partly label my-parts" in captured.err
    assert (tmp_path / "my-parts" / "project.toml").is_file()


def test_the_server_is_there_before_torch_is():
    code = "from partly.studio.http import serve; from partly.studio.session import Session, open_or_create"
    code = f"import sys; {code}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
