"""What `partly segment` tells of files that it passed over, and of photos that it mended."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from partly.cli.command_line import run
from partly.data.labels import FACE_PARTS
from partly.models.networks.auto_shot_network import AutoShotNetwork

MENDED = "its end marker is missing, all pixels are there"


@pytest.fixture
def network(tmp_path: Path) -> Path:
    AutoShotNetwork("unet-small", FACE_PARTS, 32).save(tmp_path / "network")
    return tmp_path / "network"


def endless_jpeg() -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()[:-2]


def test_people_and_scripts_are_told(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.new("RGB", (8, 8)).save(photos / "a.png")
    (photos / "b.jpg").write_bytes(endless_jpeg())
    for name in ("c.dng", "d.jxl", "e.zip"):
        (photos / name).touch()
    words = ["segment", str(network), str(photos), "--out", str(tmp_path / "out"), "--no-mirror"]
    assert run(words) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"Segmented 2 photos: {tmp_path / 'out'}",
        "Note: 2 other files passed over (c.dng, d.jxl).",
        "Note: 1 archive passed over (e.zip): give a zip or tar by itself, and the photos in it are found.",
        f"Note: 1 fault of photos mended (b.jpg: {MENDED}).",
    ]
    assert run([*words, "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["mended"] == [{"photo": "b.jpg", "note": MENDED}]
    assert values["ignored"] == 3
    assert values["passed_over"] == ["c.dng", "d.jxl", "e.zip"]
    assert values["notes"] == []
    assert values["kept"] == ["a.png", "b.jpg"]


def test_names_in_a_zip_that_may_be_meant_otherwise(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    png = io.BytesIO()
    Image.new("RGB", (8, 8)).save(png, "PNG")
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("xxxx.png", png.getvalue())
    archive.write_bytes(archive.read_bytes().replace(b"xxxx", "写真".encode("shift_jis")))
    assert run(["segment", str(network), str(archive), "--out", str(tmp_path / "out"), "--json"]) == 0
    told = capsys.readouterr()
    (note,) = json.loads(told.out)["notes"]
    assert note.startswith(f"{archive}: 1 name not in UTF-8, perhaps spelt otherwise (")
    assert f"Note: {note}" in told.err
