"""The page about serving: its requests by curl and Python, to a service of a tiny network."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from partly.inference.export.onnx_file import export_onnx
from tests.docs.markdown import ROOT, blocks
from tests.inference.export.networks import lively_network
from tests.service.conftest import photo_bytes
from tests.service.service_process import service

PAGE = ROOT / "docs" / "how-to" / "serve-masks.md"
TOKEN = "a-long-secret"


@dataclass(frozen=True)
class Reader:
    """Sends what the page shows to a port of the test's own."""

    port: int
    folder: Path

    def here(self, text: str) -> str:
        return text.replace("127.0.0.1:9090", f"127.0.0.1:{self.port}")

    def asks(self, line: str) -> str:
        """By a shell, as the reader does; gives what curl said."""
        done = subprocess.run(
            self.here(line).replace("curl ", "curl --fail --silent --show-error ", 1),
            shell=True,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=self.folder,
            env={"PARTLY_TOKEN": TOKEN, "PATH": "/usr/local/bin:/usr/bin:/bin"},
        )
        assert done.returncode == 0, (line, done.stderr)
        return done.stdout


def curl_lines() -> list[str]:
    lines = [line for block in blocks(PAGE) for line in block.text.splitlines()]
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ curl")]


def test_the_page_shows_all_that_is_asked_here():
    assert len(curl_lines()) == 11


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("curl"), reason="the page's requests are of curl")
def test_the_page_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    network, uploads = tmp_path / "network.onnx", tmp_path / "uploads"
    export_onnx(lively_network("unet-small"), network)
    uploads.mkdir()
    for folder in (tmp_path, uploads):
        (folder / "photo.jpg").write_bytes(photo_bytes())
    [task] = [block.text for block in blocks(PAGE) if block.language == "json"]
    (tmp_path / "task.json").write_text(task)
    [code] = [block.text for block in blocks(PAGE) if block.language == "python"]

    monkeypatch.setenv("PARTLY_TOKEN", TOKEN)
    with service(network) as one:
        for line in (line for line in curl_lines() if "PARTLY_TOKEN" in line):
            Reader(one.port, tmp_path).asks(line)
        assert one.ask("GET", "/health")[0] == 401
    monkeypatch.delenv("PARTLY_TOKEN")
    with service(network, "--photos", str(uploads)) as one:
        reader = Reader(one.port, tmp_path)
        said = {line: reader.asks(line) for line in curl_lines() if "PARTLY_TOKEN" not in line}
        monkeypatch.chdir(tmp_path)
        exec(compile(reader.here(code), PAGE.name, "exec"), {})
    with Image.open("photo-parts.png") as labels:
        assert labels.size == (60, 40)
    assert capsys.readouterr().out.count("% sure") > 1
    [polygons, runs, _] = [json.loads(text) for line, text in said.items() if "/segment" in line and text]
    assert "pieces" in polygons["parts"][1]
    assert "counts" in runs["parts"][1]["segmentation"]
    [predicted] = [json.loads(text) for line, text in said.items() if "/predict" in line]
    assert predicted["results"][0]["result"][0]["value"]["brushlabels"] == ["hair"]
